#!/usr/bin/env bash
# Second opinions on the kernels for graphics adapters, on a machine without one:
#   * SwiftShader as a second Vulkan driver, with other limits than Mesa's, and the Khronos validation layer
#     on both: our kernels are used, all of them, and right; nothing that the layer calls an error happens.
#   * The kernels that were compiled meanwhile, in the languages of Metal and Direct3D, and for an AMD card:
#     its table is in BENCHMARKS.md.
# Needs: Debian with mesa-vulkan-drivers and libvulkan1. SwiftShader and the layer come out of Chromium's
# package, which is unpacked into target/drivers the first time; nothing is installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}
work=$(realpath -m "$CARGO_TARGET_DIR/drivers")
icds=/usr/share/vulkan/icd.d
mkdir -p "$work"

# Ends with 3 where there is nothing to test with.
missing() {
  echo "drivers: NOT TESTED: $*" >&2
  exit 3
}

fail() {
  echo "drivers: $*" >&2
  exit 1
}

unpack() {
  local folder=usr/lib/chromium
  (
    cd "$work"
    rm -f chromium-common_*.deb
    apt-get -qq download chromium-common || { apt-get -qq update && apt-get -qq download chromium-common; } ||
      missing "Debian's package chromium-common cannot be had"
    dpkg --fsys-tarfile chromium-common_*.deb | tar -x "./$folder/libvk_swiftshader.so" \
      "./$folder/vk_swiftshader_icd.json" "./$folder/libVkLayer_khronos_validation.so" ||
      missing "chromium-common is without SwiftShader or the validation layer"
    rm chromium-common_*.deb
    mv $folder/* .
  ) || exit
  # The package has the layer without its description.
  cat >"$work/VkLayer_khronos_validation.json" <<END
{"file_format_version": "1.2.0", "layer": {"name": "VK_LAYER_KHRONOS_validation", "type": "GLOBAL",
 "library_path": "$work/libVkLayer_khronos_validation.so", "api_version": "1.4.0", "implementation_version": "1",
 "description": "Khronos Validation Layer"}}
END
}
[ -e "$work/VkLayer_khronos_validation.json" ] || unpack

# What the layer has to say of wgpu, and of none of our kernels:
#   * naga lays out arrays in shared memory as those in buffers. wgpu ignores it as well. As every kernel with
#     shared memory has it, it shows that the layer is there.
shared_arrays=VUID-StandaloneSpirv-None-10684
#   * wgpu asks for bounds checks beside bindings that change while they are used, which SwiftShader does not offer.
known="$shared_arrays VUID-VkDeviceCreateInfo-robustBufferAccess-10247"

# tested NAME ICD KIND TEST…: runs these tests, of one kind, on the driver and with the layer.
tested() {
  local name=$1 icd=$2 kind=$3 log=$work/$1.txt id passed
  shift 3
  [ -e "$icd" ] || fail "no $icd"
  echo "$name: $*"
  # With CubeCL's log wgpu asks to be told of errors itself; they are written all the same.
  # shellcheck disable=SC2086
  env VK_ICD_FILENAMES="$icd" VK_DRIVER_FILES="$icd" VK_LAYER_PATH="$work" \
    VK_INSTANCE_LAYERS=VK_LAYER_KHRONOS_validation VK_LAYER_DEBUG_ACTION=VK_DBG_LAYER_ACTION_LOG_MSG \
    VK_LAYER_VALIDATE_SYNC=1 IMPASTO_REQUIRE_GPU=1 \
    cargo test --release --locked $kind -- --nocapture --exact "$@" >"$log" 2>&1 ||
    { tail -n 60 "$log" >&2 && fail "$name: a test failed"; }
  grep -ao 'adapter: .*' "$log" | sort -u
  passed=$(grep -ao 'test result: ok. [0-9]*' "$log" | awk '{ sum += $4 } END { print sum }')
  [ "$passed" = $# ] || fail "$name: $passed tests ran of $#; they have other names by now"
  grep -aq "$shared_arrays" "$log" || fail "$name: the validation layer was not there (or naga has been mended)"
  for id in $(grep -aoP 'Validation Error: \[ \K[^ ]+' "$log" | sort -u); do
    [[ " $known " == *" $id "* ]] || { grep -a -m 1 -A 6 "$id" "$log" >&2 && fail "$name: $id"; }
  done
}

tested swiftshader "$work/vk_swiftshader_icd.json" "--test numeric" \
  drivers::no_kernel_of_ours_is_replaced_on_this_adapter \
  gradients::the_gradient_in_luminance_is_the_same_on_an_adapter \
  gradients::a_step_of_adam_on_an_adapter_does_what_burns_operations_do \
  one_pass::smoothness_agrees_with_the_same_image_on_the_cpu
grep -aq 'adapter: SwiftShader' "$work/swiftshader.txt" || fail "SwiftShader was not used"
rm -rf "$work"/*.log "$work/units"
mkdir "$work/units"
CUBECL_DEBUG_LOG=$work/mesa.log tested mesa "$icds/lvp_icd.x86_64.json" "--test numeric" \
  drivers::an_adapter_has_a_peak drivers::no_kernel_of_ours_is_replaced_on_this_adapter \
  limits::every_kernel_runs_on_an_adapter_that_binds_eight_buffers
IMPASTO_SHADERS=$work/units CUBECL_DEBUG_LOG=$work/units.log tested units "$icds/lvp_icd.x86_64.json" --lib \
  compute::gpu::units::tests::every_kernel_is_valid_and_becomes_spirv \
  compute::gpu::units::tests::the_emulated_kernel_agrees_with_the_direct_sum

# A translation by another version would be none of what the program does.
version() { grep -A 1 '^name = "naga"$' "$1" | tail -n 1; }
tool=tests/bench/shaders
[ "$(version Cargo.lock)" = "$(version $tool/Cargo.lock)" ] ||
  fail "$tool/Cargo.lock has another naga than the program: cargo update -p naga --precise … there"
cargo fmt --check --manifest-path $tool/Cargo.toml
shaders() {
  cargo run --quiet --locked --manifest-path $tool/Cargo.toml --target-dir "$work/tool" -- "$@" \
    "$work"/{mesa,units}.log "$work"/units/*.wgsl
}
cargo test --quiet --locked --manifest-path $tool/Cargo.toml --target-dir "$work/tool"
shaders translate
VK_ICD_FILENAMES=$icds/radeon_icd.x86_64.json VK_DRIVER_FILES=$icds/radeon_icd.x86_64.json \
  RADV_FORCE_FAMILY=${RADV_FORCE_FAMILY:-navi21} shaders compile
