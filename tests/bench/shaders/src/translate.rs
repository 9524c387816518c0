//! Kernels in the languages of Metal and Direct3D.

use std::error::Error;

use naga::{
    AddressSpace,
    back::{hlsl, msl},
    proc::{BoundsCheckPolicies, BoundsCheckPolicy},
};

use crate::sources::Shader;

/// What WebGPU promises of any adapter: storage buffers of a kernel, bytes of shared memory and threads of a
/// workgroup.
const BUFFERS: usize = 8;
const SHARED: u32 = 16_384;
const THREADS: u32 = 256;
/// The matrix units that Metal has.
const METAL_UNITS: u32 = 8;
/// The oldest Metal on the oldest Apple chip with them.
const METAL: (u8, u8) = (2, 3);

/// Translate all kernels, and compare what they need with what WebGPU promises.
///
/// # Errors
///
/// What cannot be translated, and what needs more than is promised.
pub fn all(shaders: &[Shader]) -> Result<(), Box<dyn Error>> {
    let (mut wrong, mut metal, mut direct3d) = (Vec::new(), 0, 0);
    for shader in shaders {
        let mut note = |what: &str, result: Result<usize, String>| match result {
            Ok(count) => count,
            Err(error) => {
                wrong.push(format!("{} {what}: {error}", shader.title()));
                0
            }
        };
        metal += note("in MSL", in_metal(shader));
        direct3d += note("in HLSL", in_direct3d(shader));
        note("", fits(shader));
    }
    println!("{} kernels: {metal} in MSL, {direct3d} in HLSL", shaders.len());
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(wrong.join("\n").into()),
    }
}

/// The number of texts, which is none where Metal has no such matrix units.
fn in_metal(shader: &Shader) -> Result<usize, String> {
    if shader.matrix_units().is_some_and(|size| size != METAL_UNITS) {
        return Ok(0);
    }
    // As wgpu asks for it.
    let options = msl::Options {
        lang_version: METAL,
        bounds_check_policies: unchecked(),
        zero_initialize_workgroup_memory: false,
        force_loop_bounding: false,
        emit_int_div_checks: false,
        ..msl::Options::default()
    };
    let (text, told) =
        msl::write_string(&shader.module, &shader.info, &options, &msl::PipelineOptions::default())
            .map_err(|error| error.to_string())?;
    for name in told.entry_point_names {
        name.map_err(|error| error.to_string())?;
    }
    holds_a_kernel(&text, "kernel void ")
}

/// The number of texts: for Microsoft's old compiler as well, unless there are numbers that it does not know.
fn in_direct3d(shader: &Shader) -> Result<usize, String> {
    // wgpu has no matrix units there.
    if shader.matrix_units().is_some() {
        return Ok(0);
    }
    let models = match shader.has_half() {
        true => &[hlsl::ShaderModel::V6_2][..],
        false => &[hlsl::ShaderModel::V5_1, hlsl::ShaderModel::V6_0],
    };
    let mut count = 0;
    for &shader_model in models {
        let options = hlsl::Options {
            shader_model,
            // Where the number of workgroups comes from.
            special_constants_binding: Some(hlsl::BindTarget::default()),
            zero_initialize_workgroup_memory: false,
            restrict_indexing: false,
            force_loop_bounding: false,
            ..hlsl::Options::default()
        };
        let (mut text, pipeline) = (String::new(), hlsl::PipelineOptions::default());
        let mut writer = hlsl::Writer::new(&mut text, &options, &pipeline);
        let told = writer.write(&shader.module, &shader.info, None).map_err(|error| error.to_string())?;
        for name in told.entry_point_names {
            name.map_err(|error| error.to_string())?;
        }
        count += holds_a_kernel(&text, "[numthreads(")?;
    }
    Ok(count)
}

fn holds_a_kernel(text: &str, entry: &str) -> Result<usize, String> {
    match text.matches(entry).count() {
        1 => Ok(1),
        count => Err(format!("{count} entry points")),
    }
}

pub fn unchecked() -> BoundsCheckPolicies {
    BoundsCheckPolicies {
        index: BoundsCheckPolicy::Unchecked,
        buffer: BoundsCheckPolicy::Unchecked,
        image_load: BoundsCheckPolicy::Unchecked,
        binding_array: BoundsCheckPolicy::Unchecked,
    }
}

fn fits(shader: &Shader) -> Result<usize, String> {
    let variables = || shader.module.global_variables.iter().map(|(_, variable)| variable);
    let buffers = variables().filter(|v| matches!(v.space, AddressSpace::Storage { .. })).count();
    let shared: u32 = variables()
        .filter(|v| v.space == AddressSpace::WorkGroup)
        .map(|v| shader.module.types[v.ty].inner.size(shader.module.to_ctx()))
        .sum();
    let threads: u32 = shader.module.entry_points[0].workgroup_size.iter().product();
    // Matrix units are used where there is memory for them.
    let is_roomy = shared > SHARED && shader.matrix_units().is_none();
    match buffers > BUFFERS || is_roomy || threads > THREADS {
        true => Err(format!("{buffers} buffers, {shared} bytes of shared memory, {threads} threads")),
        false => Ok(0),
    }
}
