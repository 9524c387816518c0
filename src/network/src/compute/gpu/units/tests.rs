use std::{ops::Range, path::Path};

use burn::tensor::{Device as TensorDevice, Tensor};
use cubecl::{CubeKernel, PrecompiledSource, ir::UIntKind, prelude::*};
use half::f16;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use wgpu::{CooperativeMatrixProperties, CooperativeScalarType as Scalar};

use super::{
    Operands, PARTS, Units, best_size,
    check::{kernels_agree, read},
    kernel,
    text::{Plan, Way},
    threads, units_of,
};
use crate::compute::DeviceChoice;
use crate::compute::{
    check::{fast_precision, units_check},
    gpu::{GpuFeatures, Queue, Storage, convolution::Tile},
    relative_error::relative_error,
    shape::Shape,
};

const WAYS: [Way; 3] = [Way::Forward, Way::Backward { masked: false }, Way::Backward { masked: true }];

/// Units of several vendors: NVIDIA, AMD, Apple, Mesa's software driver with short and long vectors.
fn offers() -> Vec<Units> {
    let of = |size, subgroup, kilobytes: usize, vectors| Units {
        size,
        threads: PARTS * subgroup,
        memory: 1024 * kilobytes,
        vectors,
    };
    vec![
        of(16, 32, 48, true),
        of(16, 32, 64, true),
        of(8, 32, 32, false),
        of(8, 8, 32, true),
        of(8, 16, 32, true),
    ]
}

/// Every plan for these units.
fn plans(units: Units) -> impl Iterator<Item = Plan> {
    units.tiles().iter().flat_map(move |tile| {
        WAYS.into_iter().flat_map(move |way| [false, true].map(|wrap| Plan::new(units, *tile, way, wrap)))
    })
}

/// What Metal would be given goes to the folder that `IMPASTO_SHADERS` names, for `tests/bench/shaders`.
#[test]
fn every_kernel_is_valid_and_becomes_spirv() {
    let capabilities =
        Capabilities::COOPERATIVE_MATRIX | Capabilities::SHADER_FLOAT16 | Capabilities::SUBGROUP;
    let mut texts = Vec::new();
    for plan in offers().into_iter().flat_map(plans) {
        let text = plan.text();
        assert!(!text.contains("{{"), "{text}");
        let module = naga::front::wgsl::parse_str(&text)
            .unwrap_or_else(|error| panic!("{}\n{text}", error.emit_to_string(&text)));
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .subgroup_stages(naga::valid::ShaderStages::COMPUTE)
            .subgroup_operations(naga::valid::SubgroupOperationSet::all())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{}\n{text}", error.emit_to_string(&text)));
        // Unused buffers would be missing from the kernel's layout.
        let used = module.global_variables.iter().filter(|(handle, variable)| {
            variable.binding.is_none() || !info.get_entry_point(0)[*handle].is_empty()
        });
        assert_eq!(used.count(), module.global_variables.len(), "{text}");
        let words = naga::back::spv::write_vec(&module, &info, &naga::back::spv::Options::default(), None);
        assert!(words.unwrap_or_else(|error| panic!("{error}\n{text}")).len() > 1000);
        texts.push(text);
    }
    let count = texts.len();
    texts.sort();
    texts.dedup();
    assert!(texts.len() > count / 2, "plans that differ are different kernels");
    if let Some(folder) = std::env::var_os("IMPASTO_SHADERS") {
        let of_metal = offers().into_iter().filter(|units| !units.vectors).flat_map(plans);
        for (number, plan) in of_metal.enumerate() {
            std::fs::write(Path::new(&folder).join(format!("{number}.wgsl")), plan.text()).unwrap();
        }
    }
}

#[test]
fn units_are_of_use_with_square_tiles_of_halves_and_full_sums() {
    let of = |m_size, n_size, k_size, ab_type, cr_type| CooperativeMatrixProperties {
        m_size,
        n_size,
        k_size,
        ab_type,
        cr_type,
        saturating_accumulation: false,
    };
    let halves = |m, n, k| of(m, n, k, Scalar::F16, Scalar::F32);
    assert_eq!(best_size(&[]), None);
    assert_eq!(best_size(&[halves(8, 8, 8), halves(16, 8, 16), halves(16, 16, 16)]), Some(16));
    assert_eq!(best_size(&[of(16, 16, 16, Scalar::F16, Scalar::F16), halves(8, 8, 8)]), Some(8));
    assert_eq!(best_size(&[halves(8, 16, 16), of(8, 8, 8, Scalar::F32, Scalar::F32)]), None);
    let saturating = CooperativeMatrixProperties { saturating_accumulation: true, ..halves(16, 16, 16) };
    assert_eq!(best_size(&[saturating]), None);

    let [nvidia, ..] = offers()[..] else { unreachable!() };
    assert!(offers().into_iter().all(|units| units.is_usable(1024)));
    assert!(!nvidia.is_usable(64), "too many threads");
    assert!(!Units { threads: 0, ..nvidia }.is_usable(1024), "a driver that tells no size of subgroups");
    assert!(!Units { memory: 16_384, ..nvidia }.is_usable(1024), "too little shared memory");
}

#[test]
fn workgroups_are_four_of_the_smallest_subgroups() {
    use wgpu::Backend::{Dx12, Metal, Vulkan};
    assert_eq!(threads(Vulkan, (32, 32)), Some(128));
    assert_eq!(threads(Vulkan, (32, 64)), Some(128));
    assert_eq!(threads(Vulkan, (8, 8)), Some(32));
    // wgpu's values if the driver reports none.
    assert_eq!(threads(Vulkan, (4, 128)), None);
    assert_eq!(threads(Metal, (4, 64)), Some(128));
    assert_eq!(threads(Dx12, (32, 32)), None);
}

/// Seeded values in a range.
fn values(length: usize, range: Range<f32>, salt: u64) -> Vec<f32> {
    let mut state = 0x9e37_79b9_7f4a_7c15 ^ salt;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..length).map(|_| range.start + (range.end - range.start) * next()).collect()
}

/// Round to 16 bits.
fn rounded(values: &[f32]) -> Vec<f32> {
    values.iter().map(|&value| f16::from_f32(value).to_f32()).collect()
}

struct Case {
    shape: Shape,
    outputs: usize,
    way: Way,
    wrap: bool,
    input: Vec<f32>,
    mask: Vec<f32>,
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Case {
    fn new(
        (height, width): (usize, usize),
        (channels, outputs): (usize, usize),
        way: Way,
        wrap: bool,
    ) -> Self {
        let shape = Shape { height, width, channels };
        let input = match way {
            Way::Forward => rounded(&values(shape.len(), -1.0..1.0, 1)),
            // Below the range of 16-bit floats, with magnitudes that vary by position.
            Way::Backward { .. } => {
                let sizes = values(shape.len(), -36.0..-30.0, 5);
                let signed = values(shape.len(), -1.0..1.0, 6);
                sizes.iter().zip(&signed).map(|(size, value)| size.exp2() * value).collect()
            }
        };
        Self {
            shape,
            outputs,
            way,
            wrap,
            input,
            mask: rounded(&values(shape.len(), -1.0..1.0, 2)),
            weights: rounded(&values(9 * channels * outputs, -0.1..0.1, 3)),
            bias: values(outputs, -0.5..0.5, 4),
        }
    }

    fn stored(&self) -> Storage {
        if self.way == Way::Forward { Storage::Half } else { Storage::Full }
    }

    /// The direct sum in f64.
    fn expected(&self) -> Vec<f32> {
        let Shape { height, width, channels } = self.shape;
        let place = |position: usize, tap: usize, length: usize| {
            let seen = (position + tap) as isize - 1;
            match self.wrap {
                true => Some(seen.rem_euclid(length as isize) as usize),
                false => usize::try_from(seen).ok().filter(|&seen| seen < length),
            }
        };
        let mut result = Vec::new();
        for y in 0..height {
            for x in 0..width {
                let mut sums = vec![0.0f64; self.outputs];
                for tap in 0..9 {
                    let (Some(sy), Some(sx)) = (place(y, tap / 3, height), place(x, tap % 3, width)) else {
                        continue;
                    };
                    for channel in 0..channels {
                        let from = (sy * width + sx) * channels + channel;
                        if self.way == (Way::Backward { masked: true }) && self.mask[from] <= 0.0 {
                            continue;
                        }
                        let value = f64::from(self.input[from]);
                        let row = &self.weights[(tap * channels + channel) * self.outputs..][..self.outputs];
                        for (sum, weight) in sums.iter_mut().zip(row) {
                            *sum += value * f64::from(*weight);
                        }
                    }
                }
                result.extend(sums.iter().zip(&self.bias).map(|(sum, bias)| match self.way {
                    Way::Forward => (sum + f64::from(*bias)).max(0.0) as f32,
                    Way::Backward { .. } => *sum as f32,
                }));
            }
        }
        result
    }

    fn run(&self, queue: &Queue, launch: impl FnOnce(Operands<'_>)) -> Vec<f32> {
        let moving = self.stored();
        let input = queue.store(&self.input, moving);
        let mask = queue.store(&self.mask, Storage::Half);
        let weights = queue.store(&self.weights, Storage::Half);
        let bias = queue.upload(&self.bias);
        let shape = Shape { channels: self.outputs, ..self.shape };
        // NaN reveals positions that are not written.
        let output = queue.store(&vec![f32::NAN; shape.len()], moving);
        launch(Operands {
            input: &input,
            mask: (self.way == Way::Backward { masked: true }).then_some(&mask),
            weights: &weights,
            bias: (self.way == Way::Forward).then_some(&bias),
            output: &output,
        });
        read(GpuFeatures { handle: output, shape, stored: moving, queue: queue.clone() }).unwrap()
    }
}

/// Pictures with odd sides, of one pixel, smaller and larger than a tile; and channels.
const PICTURES: [((usize, usize), (usize, usize)); 7] = [
    ((1, 1), (64, 64)),
    ((1, 37), (64, 64)),
    ((19, 1), (64, 64)),
    ((16, 16), (64, 64)),
    ((5, 3), (128, 64)),
    ((17, 33), (64, 64)),
    ((7, 18), (64, 192)),
];

/// A direction, and whether the picture wraps around.
type Try = (Way, bool);
const FORWARD: Try = (Way::Forward, false);
const FORWARD_AROUND: Try = (Way::Forward, true);
const UNMASKED_AROUND: Try = (Way::Backward { masked: false }, true);
const MASKED: Try = (Way::Backward { masked: true }, false);

/// Compare these tiles with the direct sum.
fn check_tiles(
    queue: &Queue,
    units: Units,
    (tiles, tries): (&[Tile], &[Try]),
    launch: impl Fn(Plan, Tile, Operands<'_>, (Shape, usize)),
) {
    for &(way, wrap) in tries {
        for (picture, channels) in PICTURES {
            let case = Case::new(picture, channels, way, wrap);
            let expected = case.expected();
            for &tile in tiles {
                let plan = Plan::new(units, tile, way, wrap);
                let found =
                    case.run(queue, |operands| launch(plan, tile, operands, (case.shape, case.outputs)));
                let error = relative_error(&found, &expected);
                // Half of a 16-bit number's last bit, of each number that goes in or out.
                assert!(error < 5e-4, "{picture:?} {channels:?} {plan:?}: {error:.2e}");
            }
        }
    }
}

/// The kernel with matrix unit operations emulated by plain code; a subgroup is two threads, which both do
/// the work.
struct Spelled(Plan);

/// Emulation of the template's matrix unit and subgroup operations. A tile of sums is represented by its
/// index, others by their offset.
fn spelled(plan: Plan, size: usize) -> String {
    let squared = size * size;
    let mut text = plan.text().replace("enable wgpu_cooperative_matrix;\n", "");
    text = text.replace(&format!("coopLoadT<coop_mat{size}x{size}<f32, C>>(&gathered[slot], SIZE)"), "0u");
    for (role, memory, stride) in [("A", "pixels", "PIXEL_CELLS"), ("B", "taps", "WEIGHT_CELLS")] {
        let load = format!("coopLoadT<coop_mat{size}x{size}<f16, {role}>>(&{memory}[");
        text = text.replace(&load, "(").replace(&format!("], {stride})"), ")");
    }
    text = text.replace("&gathered[slot", "slot").replace("], SIZE);", ");").replace("coopStoreT(", "store(");
    let tiles = text.matches(" = none;").count();
    for number in 0..tiles {
        text = text.replacen(" = none;", &format!(" = zero({number}u);"), 1);
    }
    let lines = text.lines().filter(|line| !(line.contains("subgroup") && line.contains("@builtin")));
    let lines = lines.map(|line| match line.split_once(" = coopMultiplyAdd(") {
        Some((_, arguments)) => format!("multiply_add({arguments}\n"),
        None => format!("{line}\n"),
    });
    let text: String = lines.collect();
    // Few iterations: older software drivers abort loops after 65,535.
    let quads = squared / 4;
    let weights =
        |k: usize| [0, 1, 2, 3].map(|lane| format!("f32(taps[right + (k + {k}u) * WEIGHT_CELLS + {lane}u])"));
    let product =
        |k| format!("        sum += f32(pixels[left + k + {k}u]) * vec4<f32>({});\n", weights(k).join(", "));
    let products: String = (0..8).map(product).collect();
    let values = "    let subgroups = PARTS;\n    let subgroup = thread / 2u;\n    let lanes = 2u;\n    let lane = thread % 2u;\n";
    text.replace("    let height = ", &format!("{values}    let height = "))
        + &format!(
            "var<private> sums: array<vec4<f32>, {}>;
fn zero(tile: u32) -> u32 {{
    for (var i = 0u; i < {quads}u; i++) {{
        sums[tile * {quads}u + i] = vec4<f32>();
    }}
    return tile;
}}
fn multiply_add(a: u32, b: u32, tile: u32) {{
    for (var i = 0u; i < {quads}u; i++) {{
        let left = a + i / (SIZE / 4u) * PIXEL_CELLS;
        let right = b + i % (SIZE / 4u) * 4u;
        var sum = sums[tile * {quads}u + i];
        for (var k = 0u; k < SIZE; k += 8u) {{
{products}
        }}
        sums[tile * {quads}u + i] = sum;
    }}
}}
fn store(tile: u32, at: u32) {{
    for (var i = 0u; i < {squared}u; i++) {{
        gathered[at + i] = sums[tile * {quads}u + i / 4u][i % 4u];
    }}
}}\n",
            tiles * quads
        )
}

impl KernelMetadata for Spelled {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0).mode(ExecutionMode::Unchecked).cube_dim(kernel::dim(self.0).0)
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

impl CubeKernel for Spelled {
    fn define(&self) -> KernelDefinition {
        kernel::definition(self.0)
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(kernel::wgsl(spelled(self.0, self.0.size())))
    }
}

/// An adapter to test on.
fn adapter() -> Option<TensorDevice> {
    // Keep the measurements of tests apart: they go to `target/tmp`, as in `tests/`.
    let program = std::env::current_exe().unwrap();
    crate::compute::set_tile_folder(program.ancestors().nth(3).unwrap().join("tmp"));
    match crate::compute::open(&DeviceChoice::Gpu).or_else(|_| crate::compute::open(&DeviceChoice::Software))
    {
        Ok(device) => {
            println!("adapter: {} ({}): {}", device.info.name, device.info.driver, device.info.reason);
            Some(device.tensor)
        }
        Err(error) => {
            assert!(std::env::var_os("IMPASTO_REQUIRE_GPU").is_none(), "an adapter is required: {error}");
            println!("skipped: {error}");
            None
        }
    }
}

/// Runs on any adapter with 16-bit floats.
#[test]
fn the_emulated_kernel_agrees_with_the_direct_sum() {
    let Some(device) = adapter() else { return };
    let queue = Queue::of(&Tensor::zeros([1], &device));
    if !queue.has_half() {
        println!("skipped: the adapter has no 16-bit numbers");
        return;
    }
    // The largest tile needs more memory.
    let [_, middle, smallest] = Tile::MATRIX;
    for (size, tile, tried) in [(16, middle, FORWARD), (16, smallest, UNMASKED_AROUND), (8, smallest, MASKED)]
    {
        let units = Units { size, threads: 2 * PARTS, memory: 32_768, vectors: false };
        check_tiles(&queue, units, (&[tile], &[tried]), |plan, tile, operands, work| {
            kernel::launch_as(&queue, Box::new(Spelled(plan)), tile, operands, work);
        });
    }
}

#[test]
fn convolutions_on_matrix_units_are_the_direct_sum() {
    let Some(device) = adapter() else { return };
    let Some(units) = units_of(&device) else {
        println!("skipped: the adapter has no matrix units that can be used");
        return;
    };
    let queue = Queue::of(&Tensor::zeros([1], &device));
    let single = Units { vectors: false, ..units };
    // As if the driver used larger subgroups: each loops over the remaining parts.
    let fewer = Units { threads: units.threads / 2, ..units };
    let all = [FORWARD, FORWARD_AROUND, UNMASKED_AROUND, MASKED];
    // Verify that the self-check can fail.
    assert!(kernels_agree(&device, units, 1e-9).unwrap_err().contains("differ"));
    for (units, tries) in [(units, &all[..]), (single, &[FORWARD, MASKED]), (fewer, &[FORWARD, MASKED])] {
        println!("{units:?}");
        check_tiles(&queue, units, (units.tiles(), tries), |plan, tile, operands, work| {
            super::launch(&queue, units, tile, operands, work, plan.wraps());
        });
    }
}

/// A kernel that the driver refuses is reported, and other work on the device stays correct.
#[test]
fn missing_units_fail_only_their_own_check() {
    let Some(device) = adapter() else { return };
    if units_of(&device).is_some() {
        println!("skipped: the adapter has matrix units");
        return;
    }
    let missing = Units { size: 16, threads: 8 * PARTS, memory: 65_536, vectors: true };
    let error = units_check(&device, missing).unwrap_err();
    assert!(error.contains("failed in the driver"), "{error}");
    fast_precision(&device).unwrap();
}

/// A non-finite gradient is detected, as without matrix units.
#[test]
fn zeros_stay_zeros_and_nan_is_detected() {
    let Some(device) = adapter() else { return };
    let queue = Queue::of(&Tensor::zeros([1], &device));
    let Some(units) = units_of(&device) else {
        println!("skipped: the adapter has no matrix units that can be used");
        return;
    };
    let [.., tile] = Tile::MATRIX;
    let mut case = Case::new((9, 9), (64, 64), Way::Backward { masked: false }, false);
    let run = |case: &Case| {
        case.run(&queue, |operands| super::launch(&queue, units, tile, operands, (case.shape, 64), false))
    };
    for value in &mut case.input {
        *value = 0.0;
    }
    assert!(run(&case).iter().all(|value| *value == 0.0));
    for bad in [f32::NAN, f32::INFINITY] {
        case.input[40 * 64 + 7] = bad;
        assert!(run(&case).iter().any(|value| !value.is_finite()), "{bad}");
    }
    for size in [f32::MAX, 1e-30] {
        case.input.fill(0.0);
        case.input[40 * 64 + 7] = size;
        let error = relative_error(
            &run(&case).iter().map(|value| value / size).collect::<Vec<_>>(),
            &case.expected().iter().map(|value| value / size).collect::<Vec<_>>(),
        );
        assert!(error < 5e-4, "{size:e}: {error:.2e}");
    }
}
