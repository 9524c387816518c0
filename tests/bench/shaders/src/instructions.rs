//! Reading a card's instructions as LLVM prints them.

use std::collections::HashMap;

/// Instructions of a loop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loop {
    pub multiply_adds: usize,
    pub all: usize,
}

/// The loop without another one in it that has the most multiply-adds, if one has any.
pub fn inner_loop(code: &str) -> Option<Loop> {
    let lines: Vec<&str> =
        code.lines().map(|line| line.split(';').next().unwrap_or_default().trim()).collect();
    let labels: HashMap<&str, usize> =
        lines.iter().enumerate().filter_map(|(at, line)| Some((line.strip_suffix(':')?, at))).collect();
    let back = lines.iter().enumerate().filter_map(|(end, line)| {
        let (mnemonic, target) = line.split_once(' ')?;
        let begin = *labels.get(target.trim())?;
        (mnemonic.contains("branch") && begin < end).then_some((begin, end))
    });
    let loops: Vec<(usize, usize)> = back.collect();
    let holds = |outer: &(usize, usize), inner: &(usize, usize)| {
        outer != inner && outer.0 <= inner.0 && inner.1 <= outer.1
    };
    let innermost = loops.iter().filter(|outer| !loops.iter().any(|inner| holds(outer, inner)));
    let counted = innermost.map(|&(begin, end)| count(&lines[begin..=end]));
    counted.max_by_key(|counted| counted.multiply_adds).filter(|counted| counted.multiply_adds > 0)
}

fn count(lines: &[&str]) -> Loop {
    // Newer cards do two at once: `v_dual_fmac_f32 … :: v_dual_fmac_f32 …`.
    let instructions = lines.iter().filter(|line| !line.ends_with(':')).flat_map(|line| line.split("::"));
    let mnemonics = instructions.filter_map(|instruction| instruction.split_whitespace().next());
    mnemonics.fold(Loop::default(), |Loop { multiply_adds, all }, mnemonic| Loop {
        multiply_adds: multiply_adds + usize::from(is_multiply_add(mnemonic)),
        all: all + 1,
    })
}

fn is_multiply_add(mnemonic: &str) -> bool {
    let name = mnemonic.strip_prefix("v_").unwrap_or_default();
    let name = name.trim_start_matches("dual_").trim_start_matches("pk_");
    ["fma_", "fmac_", "mac_f", "mad_f", "mad_mix"].iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_loop_with_the_most_multiply_adds_counts() {
        let code = "BB0:\n\
            \tv_fma_f32 v0, v1, v2, v3 ; d54b0000\n\
            BB1:\n\
            \ts_cbranch_scc1 BB5 ; bf850001\n\
            BB2:\n\
            \tv_fmac_f32_e32 v0, v1, v2 ; 56000501\n\
            \tds_read_b128 v[4:7], v8 ; dbfc0000\n\
            \tv_dual_fmac_f32 v0, v1, v2 :: v_dual_fmac_f32 v3, v4, v5 ; c8000501\n\
            \ts_cbranch_scc0 BB2 ; bf84ffff\n\
            BB3:\n\
            \tv_mad_u32_u24 v0, v1, v2, v3 ; d5430000\n\
            \ts_cbranch_scc0 BB3 ; bf84fffe\n\
            \ts_branch BB1 ; bf82fff0\n\
            BB5:\n\
            \ts_endpgm ; bf810000";
        assert_eq!(inner_loop(code), Some(Loop { multiply_adds: 3, all: 5 }));
        assert_eq!(inner_loop("BB0:\n\tv_fma_f32 v0, v1, v2, v3\n\ts_endpgm"), None);
    }
}
