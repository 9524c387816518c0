//! The convolution on matrix units as WGSL: a template, and its parameters by plan.

use std::fmt::Write as _;

use super::{PARTS, Units};
use crate::compute::gpu::convolution::{BAND, Tile};

/// Direction, and the fused operations on input and sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Features in 16 bits; bias and ReLU.
    Forward,
    /// Gradients in 32 bits, masked to where a ReLU's output is positive if `masked`. They are scaled by a
    /// power of two for 16 bits, and the sums are scaled back.
    Backward { masked: bool },
}

/// Parameters of a kernel.
///
/// A workgroup computes `rows`×16 pixels for 64 output channels, `depth` input channels at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    way: Way,
    /// Circular instead of zero padding.
    wrap: bool,
    rows: usize,
    size: usize,
    threads: usize,
    depth: usize,
    /// Padding between rows of shared memory in 16-bit values, to avoid bank conflicts.
    gap: usize,
    /// Tiles that a subgroup writes at once.
    at_once: usize,
    /// Values per element of shared memory: one or four.
    lanes: usize,
}

/// Columns of a rectangle of pixels.
const COLUMNS: usize = 16;
const WIDE: usize = COLUMNS + 2;
/// Maximum bytes of shared memory for the output of sums.
const GATHERED_BYTES: usize = 8192;
/// Bytes reserved for other shared variables.
const SPARE: usize = 64;

const TEMPLATE: &str = include_str!("convolution.wgsl");

impl Plan {
    /// The plan for a tile that fits into the workgroup's memory.
    ///
    /// # Panics
    ///
    /// If nothing fits, see [`Plan::all_fit`].
    pub fn new(units: Units, tile: Tile, way: Way, wrap: bool) -> Self {
        Self::fitting(units, tile.rows, way, wrap).expect("units that are offered have the memory for it")
    }

    /// Whether every tile fits into the memory.
    pub fn all_fit(units: Units) -> bool {
        let fits = |tile: &Tile| Self::fitting(units, tile.rows, Way::Forward, false).is_some();
        units.tiles().iter().all(fits)
    }

    fn fitting(units: Units, rows: usize, way: Way, wrap: bool) -> Option<Self> {
        let Units { size, threads, memory, vectors } = units;
        let lanes = if vectors { 4 } else { 1 };
        // A gap of 16 bytes keeps the required alignment of rows.
        for (depth, gap) in [(16, 8), (16, 0), (8, 0)] {
            if depth < size {
                continue;
            }
            for at_once in [8, 4, 2, 1] {
                let plan = Self { way, wrap, rows, size, threads, depth, gap, at_once, lanes };
                if at_once <= plan.band_tiles()
                    && 4 * PARTS * plan.gathered() <= GATHERED_BYTES
                    && plan.bytes() + SPARE <= memory
                {
                    return Some(plan);
                }
            }
        }
        None
    }

    /// Bytes of shared memory.
    fn bytes(&self) -> usize {
        let halves = (self.rows + 2) * WIDE * (self.depth + self.gap) + 9 * self.depth * (BAND + self.gap);
        2 * halves + 4 * PARTS * self.gathered()
    }

    /// Sums that a subgroup writes at once.
    fn gathered(&self) -> usize {
        self.at_once * self.size * self.size
    }

    pub fn threads(&self) -> usize {
        self.threads
    }

    #[cfg(test)]
    pub fn size(&self) -> usize {
        self.size
    }

    #[cfg(test)]
    pub fn wraps(&self) -> bool {
        self.wrap
    }

    /// Parts across a band of channels: two for few rows, since squarer parts reuse loaded values more often.
    fn across(&self) -> usize {
        if self.rows < 8 { 2 } else { 1 }
    }

    fn part_rows(&self) -> usize {
        self.rows * self.across() / PARTS
    }

    /// A part's tiles of pixels.
    fn pixel_tiles(&self) -> usize {
        self.part_rows() * COLUMNS / self.size
    }

    /// A part's tiles of output channels.
    fn band_tiles(&self) -> usize {
        BAND / self.across() / self.size
    }

    /// Row and first column of a part's tile of pixels.
    fn place(&self, tile: usize) -> (usize, usize) {
        let beside = COLUMNS / self.size;
        (tile / beside, tile % beside * self.size)
    }

    /// The kernel's text. The template's remaining conditions are constant.
    pub fn text(&self) -> String {
        let moving = if self.way == Way::Forward { "f16" } else { "f32" };
        let cell = if self.lanes == 4 { "vec4<f16>" } else { "f16" };
        let parts = [
            ("HEAD", self.head()),
            ("MOVING", moving.to_owned()),
            ("BINDINGS", self.bindings()),
            ("CELL", cell.to_owned()),
            ("SCALE", self.scale()),
            ("SUMS", self.sums()),
            ("WRAP", self.wrapped().to_owned()),
            ("VALUE", self.value().to_owned()),
            ("STORE_PIXELS", self.store("pixels")),
            ("STORE_TAPS", self.store("taps")),
            ("PRODUCTS", self.products()),
            ("WRITE", self.write()),
        ];
        parts.into_iter().fold(TEMPLATE.to_owned(), |text, (name, part)| {
            text.replace(&format!("{{{{{name}}}}}"), part.trim_end_matches('\n'))
        })
    }

    fn head(&self) -> String {
        let mut text = "enable f16;\nenable wgpu_cooperative_matrix;\n".to_owned();
        for (name, value) in [
            ("ROWS", self.rows),
            ("COLUMNS", COLUMNS),
            ("WIDE", WIDE),
            ("PIXELS", (self.rows + 2) * WIDE),
            ("BAND", BAND),
            ("DEPTH", self.depth),
            ("LANES", self.lanes),
            ("PIXEL_CELLS", (self.depth + self.gap) / self.lanes),
            ("WEIGHT_CELLS", (BAND + self.gap) / self.lanes),
            ("THREADS", self.threads),
            ("PARTS", PARTS),
            ("ACROSS", self.across()),
            ("OWN_ROWS", self.part_rows()),
            ("OWN_BAND", BAND / self.across()),
            ("SIZE", self.size),
            ("GATHERED", self.gathered()),
        ] {
            let _ = writeln!(text, "const {name} = {value}u;");
        }
        text
    }

    /// Bind inputs like outputs, since buffers may be parts of one allocation.
    fn bindings(&self) -> String {
        let buffer = |number: usize, name: &str, of: &str| {
            format!("@group(0) @binding({number}) var<storage, read_write> {name}: array<{of}>;\n")
        };
        let (mut text, next) = match self.way {
            Way::Forward => (buffer(3, "bias", "vec4<f32>"), 4),
            Way::Backward { masked: false } => (buffer(3, "largest", "f32"), 4),
            Way::Backward { masked: true } => {
                (buffer(3, "largest", "f32") + &buffer(4, "mask", "vec4<f16>"), 5)
            }
        };
        let _ = writeln!(text, "@group(0) @binding({next}) var<storage, read> facts: array<u32>;");
        if self.way != Way::Forward {
            text += "var<workgroup> top_bits: atomic<u32>;\n";
        }
        text
    }

    /// The power of two that brings the largest gradient close to the largest 16-bit float, and its inverse:
    /// exponents are bits 23 to 30.
    fn scale(&self) -> String {
        if self.way == Way::Forward {
            return String::new();
        }
        "    if (thread == 0u) {
        atomicStore(&top_bits, 0u);
    }
    workgroupBarrier();
    var most = 0.0;
    for (var at = thread; at < facts[4]; at += THREADS) {
        most = max(most, largest[at]);
    }
    atomicMax(&top_bits, bitcast<u32>(most));
    workgroupBarrier();
    // 14 + 127 for the largest, with bias 127: 268. Both it and its inverse must be normal floats.
    let exponent = 268u - min(atomicLoad(&top_bits) >> 23u, 255u);
    let scale_exponent = min(exponent, 253u);
    let scale = bitcast<f32>(scale_exponent << 23u);
    let unscale = bitcast<f32>((254u - scale_exponent) << 23u);
"
        .to_owned()
    }

    /// Load zeros from memory: not all shader languages define the contents of an uninitialized tile.
    fn sums(&self) -> String {
        let mut text = format!(
            "        for (var at = thread; at < PARTS * GATHERED; at += THREADS) {{
            gathered[at] = 0.0;
        }}
        workgroupBarrier();
        let none = coopLoadT<{}>(&gathered[slot], SIZE);
",
            self.tile_type("f32", "C")
        );
        for i in 0..self.pixel_tiles() {
            for j in 0..self.band_tiles() {
                let _ = writeln!(text, "        var c{i}_{j} = none;");
            }
        }
        text
    }

    fn wrapped(&self) -> &'static str {
        if !self.wrap {
            return "";
        }
        "                y = wrapped(y, height);
                x = wrapped(x, width);"
    }

    fn value(&self) -> &'static str {
        match self.way {
            Way::Forward => "                    value = source[place];",
            Way::Backward { masked: false } => {
                "                    value = vec4<f16>(source[place] * scale);"
            }
            Way::Backward { masked: true } => {
                "                    let counts = mask[place] > vec4<f16>();
                    value = select(vec4<f16>(), vec4<f16>(source[place] * scale), counts);"
            }
        }
    }

    fn store(&self, memory: &str) -> String {
        if self.lanes == 4 {
            return format!("                {memory}[to] = value;");
        }
        (0..4).map(|lane| format!("                {memory}[to + {lane}u] = value[{lane}];\n")).collect()
    }

    /// All products of a tap: each tile of pixels with each tile of weights.
    fn products(&self) -> String {
        let mut text = String::new();
        for i in 0..self.pixel_tiles() {
            let (row, column) = self.place(i);
            let place = format!("seen + {}u * PIXEL_CELLS + k / LANES", row * WIDE + column);
            let load = self.load("A", "pixels", &place, "PIXEL_CELLS");
            let _ = writeln!(text, "                    let a{i} = {load};");
        }
        for j in 0..self.band_tiles() {
            let place = format!("used + k * WEIGHT_CELLS + {}u", j * self.size / self.lanes);
            let load = self.load("B", "taps", &place, "WEIGHT_CELLS");
            let _ = writeln!(text, "                    let b{j} = {load};");
            for i in 0..self.pixel_tiles() {
                let _ =
                    writeln!(text, "                    c{i}_{j} = coopMultiplyAdd(a{i}, b{j}, c{i}_{j});");
            }
        }
        text
    }

    /// Write the sums through shared memory, where each thread handles bounds, bias and number format.
    fn write(&self) -> String {
        let mut text = String::new();
        for i in 0..self.pixel_tiles() {
            let (row, column) = self.place(i);
            for j in (0..self.band_tiles()).step_by(self.at_once) {
                for t in 0..self.at_once {
                    let (tile, place) = (j + t, t * self.size * self.size);
                    let _ =
                        writeln!(text, "        coopStoreT(c{i}_{tile}, &gathered[slot + {place}u], SIZE);");
                }
                let last = match self.way {
                    Way::Forward => "results[to] = vec4<f16>(max(sum + bias[quad], vec4<f32>()));",
                    Way::Backward { .. } => "results[to] = sum * unscale;",
                };
                let (quads, tile_quads) = (self.at_once * self.size / 4, self.size / 4);
                let band = j * self.size / 4;
                let _ = writeln!(
                    text,
                    "        workgroupBarrier();
        for (var at = lane; at < {quads}u * SIZE; at += lanes) {{
            let y = top + own_row + {row}u;
            let x = left + {column}u + at / {quads}u;
            if (y < height && x < width) {{
                let beside = at % {quads}u;
                let inside = at / {quads}u * SIZE + beside % {tile_quads}u * 4u;
                let place = slot + beside / {tile_quads}u * SIZE * SIZE + inside;
                let sum = vec4<f32>(gathered[place], gathered[place + 1u], gathered[place + 2u], gathered[place + 3u]);
                let quad = band + own_band / 4u + {band}u + beside;
                let to = (y * width + x) * output_quads + quad;
                {last}
            }}
        }}
        workgroupBarrier();"
                );
            }
        }
        text
    }

    fn tile_type(&self, of: &str, role: &str) -> String {
        format!("coop_mat{0}x{0}<{of}, {role}>", self.size)
    }

    fn load(&self, role: &str, memory: &str, place: &str, stride: &str) -> String {
        format!("coopLoadT<{}>(&{memory}[{place}], {stride})", self.tile_type("f16", role))
    }
}
