{{HEAD}}

@group(0) @binding(0) var<storage, read_write> source: array<vec4<{{MOVING}}>>;
@group(0) @binding(1) var<storage, read_write> weights: array<vec4<f16>>;
@group(0) @binding(2) var<storage, read_write> results: array<vec4<{{MOVING}}>>;
{{BINDINGS}}

// The values around the rectangle `[row][column][channel]`, and the weights `[tap][channel][output]`, of one
// stage.
var<workgroup> pixels: array<{{CELL}}, PIXELS * PIXEL_CELLS>;
var<workgroup> taps: array<{{CELL}}, 9u * DEPTH * WEIGHT_CELLS>;
// Tiles of sums on their way out.
var<workgroup> gathered: array<f32, PARTS * GATHERED>;

// A position counted from 1, in a picture that wraps around.
fn wrapped(position: u32, length: u32) -> u32 {
    return (position + length - 1u) % length + 1u;
}

@compute @workgroup_size(THREADS)
fn convolve(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_subgroups) subgroups: u32,
    @builtin(subgroup_id) subgroup: u32,
    @builtin(subgroup_size) lanes: u32,
    @builtin(subgroup_invocation_id) lane: u32,
) {
    let height = facts[0];
    let width = facts[1];
    let input_quads = facts[2];
    let output_quads = facts[3];
    let top = group.y * ROWS;
    let left = group.x * COLUMNS;
    let band = group.z * (BAND / 4u);
{{SCALE}}
    // Each subgroup has a part of the rectangle. Where there are fewer subgroups than parts, they come again.
    for (var first = 0u; first < PARTS; first += subgroups) {
        let part = first + subgroup;
        let own_row = part / ACROSS * OWN_ROWS;
        let own_band = part % ACROSS * OWN_BAND;
        let slot = subgroup * GATHERED;
{{SUMS}}
        for (var channel = 0u; channel < input_quads * 4u; channel += DEPTH) {
            // Everybody is done with the values before.
            workgroupBarrier();
            for (var at = thread; at < PIXELS * (DEPTH / 4u); at += THREADS) {
                let pixel = at / (DEPTH / 4u);
                let quad = at % (DEPTH / 4u);
                // The patch begins one pixel up and left of the rectangle.
                var y = top + pixel / WIDE;
                var x = left + pixel % WIDE;
{{WRAP}}
                var value = vec4<f16>();
                if (y >= 1u && y <= height && x >= 1u && x <= width) {
                    let place = ((y - 1u) * width + x - 1u) * input_quads + channel / 4u + quad;
{{VALUE}}
                }
                let to = pixel * PIXEL_CELLS + quad * (4u / LANES);
{{STORE_PIXELS}}
            }
            for (var at = thread; at < 9u * DEPTH * (BAND / 4u); at += THREADS) {
                let row = at / (BAND / 4u);
                let quad = at % (BAND / 4u);
                let input = row / DEPTH * input_quads * 4u + channel + row % DEPTH;
                let value = weights[input * output_quads + band + quad];
                let to = row * WEIGHT_CELLS + quad * (4u / LANES);
{{STORE_TAPS}}
            }
            workgroupBarrier();
            for (var tap = 0u; tap < 9u; tap++) {
                let seen = ((own_row + tap / 3u) * WIDE + tap % 3u) * PIXEL_CELLS;
                let used = tap * DEPTH * WEIGHT_CELLS + own_band / LANES;
                for (var k = 0u; k < DEPTH; k += SIZE) {
{{PRODUCTS}}
                }
            }
        }
{{WRITE}}
    }
}
