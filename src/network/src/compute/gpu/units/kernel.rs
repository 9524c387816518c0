//! Launch the convolution on matrix units.

use cubecl::{
    CubeKernel, PrecompiledSource,
    ir::{UIntKind, metadata::Info},
    prelude::*,
    server::{Handle, KernelArguments, MetadataBindingInfo},
};

use super::{
    Units,
    text::{Plan, Way},
};
use crate::compute::{
    gpu::{
        convolution::Tile,
        features::{Queue, Storage, argument},
        matrix::{LARGEST_CHUNK, SUM_THREADS, largest_parts},
    },
    shape::Shape,
};

const ENTRY: &str = "convolve";

/// A plan as a WGSL kernel.
struct WgslKernel(Plan);

impl KernelMetadata for WgslKernel {
    fn id(&self) -> KernelId {
        KernelId::new::<Self>().info(self.0).mode(ExecutionMode::Unchecked).cube_dim(dim(self.0).0)
    }

    fn address_type(&self) -> ElemType {
        UIntKind::U32.into()
    }
}

impl CubeKernel for WgslKernel {
    fn define(&self) -> KernelDefinition {
        definition(self.0)
    }

    fn source(&self) -> Option<PrecompiledSource> {
        Some(wgsl(self.0.text()))
    }
}

pub fn dim(plan: Plan) -> CubeDim {
    CubeDim::new_1d(plan.threads() as u32)
}

/// Empty: the WGSL text is the kernel.
pub fn definition(plan: Plan) -> KernelDefinition {
    let settings = KernelSettings::new(dim(plan).0, ExecutionMode::Unchecked, AddressType::U32);
    KernelDefinition { body: Scope::root(settings.clone()), settings, info: Info::default() }
}

pub fn wgsl(source: String) -> PrecompiledSource {
    PrecompiledSource { source, entrypoint_name: ENTRY.to_owned(), lang: "wgsl" }
}

/// A convolution's buffers; features, mask and weights have 16 bits, gradients and bias 32.
#[derive(Clone, Copy)]
pub struct Operands<'a> {
    pub input: &'a Handle,
    /// `None` forward.
    pub mask: Option<&'a Handle>,
    pub weights: &'a Handle,
    /// `None` backward.
    pub bias: Option<&'a Handle>,
    pub output: &'a Handle,
}

impl Operands<'_> {
    fn way(&self) -> Way {
        match self.bias {
            Some(_) => Way::Forward,
            None => Way::Backward { masked: self.mask.is_some() },
        }
    }
}

/// Launch a convolution of an input of this shape to this number of channels.
///
/// Failures are reported when the output is read.
pub fn launch(
    queue: &Queue,
    units: Units,
    tile: Tile,
    operands: Operands<'_>,
    (shape, outputs): (Shape, usize),
    wrap: bool,
) {
    let plan = Plan::new(units, tile, operands.way(), wrap);
    launch_as(queue, Box::new(WgslKernel(plan)), tile, operands, (shape, outputs));
}

/// As [`launch`], with any kernel that has a plan's bindings.
pub fn launch_as(
    queue: &Queue,
    kernel: Box<dyn CubeKernel>,
    tile: Tile,
    operands: Operands<'_>,
    (shape, outputs): (Shape, usize),
) {
    let Operands { input, mask, weights, bias, output } = operands;
    let read = |arguments: KernelArguments, handle: &Handle| {
        arguments.with_buffer_io(handle.clone().binding(), BufferIOAttr::ReadOnly)
    };
    let mut arguments = read(read(KernelArguments::new(), input), weights)
        .with_buffer_io(output.clone().binding(), BufferIOAttr::WriteOnly);
    let mut parts = 0;
    match bias {
        Some(bias) => arguments = read(arguments, bias),
        None => {
            let largest;
            (largest, parts) = largest_of(queue, input, shape.len());
            arguments = read(arguments, &largest);
            if let Some(mask) = mask {
                arguments = read(arguments, mask);
            }
        }
    }
    let facts = [shape.height, shape.width, shape.channels / 4, outputs / 4, parts, 0];
    let words = facts.chunks(2).map(|pair| pair[0] as u64 | (pair[1] as u64) << 32);
    let arguments = arguments.with_info(MetadataBindingInfo::custom(words.collect()));
    let (x, y, z) = tile.groups(shape.height, shape.width, outputs);
    queue.client().launch(kernel, CubeCount::Static(x as u32, y as u32, z as u32), arguments);
}

/// The maximum magnitudes of parts of a gradient, and the number of parts.
fn largest_of(queue: &Queue, gradient: &Handle, length: usize) -> (Handle, usize) {
    let quads = length / 4;
    let groups = quads.div_ceil(SUM_THREADS * LARGEST_CHUNK).clamp(1, 256);
    let parts = queue.empty_stored(groups, Storage::Full);
    // SAFETY: the kernel stays inside buffers of these lengths.
    unsafe {
        largest_parts::launch_unchecked(
            queue.client(),
            CubeCount::Static(groups as u32, 1, 1),
            CubeDim::new_1d(SUM_THREADS as u32),
            argument(gradient),
            argument(&parts),
            quads as u32,
        );
    }
    (parts, groups)
}
