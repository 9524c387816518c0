//! The kernels' texts, and the same as naga sees them.

use std::{collections::BTreeSet, error::Error, fs, path::Path};

use naga::{
    Module, TypeInner,
    valid::{Capabilities, ModuleInfo, ShaderStages, SubgroupOperationSet, ValidationFlags, Validator},
};

/// Where the kernels are that CubeCL makes of Rust. Each of them has to be among what is read.
const KERNELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../src/network/src/compute/gpu");
/// What their names begin with in CubeCL's log.
const OURS: &str = "impasto_network::";

/// A kernel of ours.
pub struct Shader {
    /// Its function, as in the source.
    pub name: String,
    /// What distinguishes it from others that are made of the same function.
    pub variant: String,
    pub module: Module,
    pub info: ModuleInfo,
}

impl Shader {
    fn new(name: &str, variant: String, text: &str) -> Result<Self, Box<dyn Error>> {
        let told = |error: String| format!("{name} {variant}: {error}\n{text}");
        let module = naga::front::wgsl::parse_str(text).map_err(|error| told(error.emit_to_string(text)))?;
        let capabilities =
            Capabilities::COOPERATIVE_MATRIX | Capabilities::SHADER_FLOAT16 | Capabilities::SUBGROUP;
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .subgroup_stages(ShaderStages::COMPUTE)
            .subgroup_operations(SubgroupOperationSet::all())
            .validate(&module)
            .map_err(|error| told(error.emit_to_string(text)))?;
        Ok(Self { name: name.to_owned(), variant, module, info })
    }

    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.variant).trim_end().to_owned()
    }

    /// The name of its entry point.
    pub fn entry(&self) -> &str {
        &self.module.entry_points[0].name
    }

    /// The rows and columns of the matrix units that it computes with, if it does.
    pub fn matrix_units(&self) -> Option<u32> {
        self.module.types.iter().find_map(|(_, kind)| match kind.inner {
            TypeInner::CooperativeMatrix { rows, .. } => Some(rows as u32),
            _ => None,
        })
    }

    /// Whether it has numbers of 16 bits.
    pub fn has_half(&self) -> bool {
        let is_half = |inner: &TypeInner| inner.scalar().is_some_and(|scalar| scalar.width == 2);
        self.module.types.iter().any(|(_, kind)| is_half(&kind.inner))
    }
}

/// The kernels of ours in these files, each once.
///
/// # Errors
///
/// If a file cannot be read, a kernel is not valid, or one is in no file.
pub fn read(files: &[&str]) -> Result<Vec<Shader>, Box<dyn Error>> {
    let mut known = BTreeSet::new();
    let mut shaders = Vec::new();
    for &file in files {
        let path = Path::new(file);
        let content = fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
        let found = match path.extension().is_some_and(|extension| extension == "wgsl") {
            true => {
                vec![Logged {
                    name: "convolve_on_units",
                    identity: file,
                    variant: file.to_owned(),
                    text: &content,
                }]
            }
            false => logged(&content),
        };
        for Logged { name, identity, variant, text } in found {
            // The same one is written in other words when another process compiles it.
            if known.insert(identity.to_owned()) {
                shaders.push(Shader::new(name, variant, text)?);
            }
        }
    }
    shaders.sort_by_key(Shader::title);
    let is_there = |name: &String| shaders.iter().any(|shader| shader.name == *name);
    let missing: Vec<String> = launchable()?.into_iter().filter(|name| !is_there(name)).collect();
    match missing.is_empty() {
        true => Ok(shaders),
        false => Err(format!("not among the kernels that were compiled: {}", missing.join(", ")).into()),
    }
}

/// The functions that are launched as kernels.
fn launchable() -> Result<Vec<String>, Box<dyn Error>> {
    let mut names = Vec::new();
    for file in fs::read_dir(KERNELS)? {
        let path = file?.path();
        if path.is_dir() {
            continue;
        }
        let text = fs::read_to_string(path)?;
        for after in text.split("#[cube(launch_unchecked)]").skip(1) {
            let name = after.split("fn ").nth(1).and_then(|rest| rest.split(['<', '(']).next());
            names.push(name.ok_or("a kernel without a name")?.to_owned());
        }
    }
    Ok(names)
}

/// A kernel in a log.
struct Logged<'a> {
    name: &'a str,
    /// What CubeCL knows it by: all that it is made of, in a line each.
    identity: &'a str,
    variant: String,
    text: &'a str,
}

/// Our kernels in a log of CubeCL's.
fn logged(log: &str) -> Vec<Logged<'_>> {
    let blocks = log.split("[START_KERNEL_COMPILATION]").skip(1);
    let ours = blocks.filter_map(|block| {
        let (identity, rest) = block.split_once("source:\n```")?;
        let (_, rest) = rest.split_once('\n')?;
        let (text, _) = rest.split_once("\n```")?;
        let path = identity.split_once("name: ")?.1.split(['<', '\n']).next()?;
        // …::module::function::Type; those for matrix units are in files of their own.
        let name = path.rsplit("::").nth(1)?;
        let is_ours = path.starts_with(OURS) && !path.contains("::units::");
        is_ours.then(|| Logged { name, identity, variant: variant(identity), text })
    });
    ours.collect()
}

/// Types and constants that a kernel is made with.
fn variant(identity: &str) -> String {
    let types = identity.lines().find_map(|line| line.trim_start().strip_prefix("type: "));
    let types =
        types.and_then(|path| path.split_once('<')).map(|(_, types)| types.trim_end_matches([',', '>']));
    let constants = identity.lines().filter_map(|line| {
        let (field, value) = line.strip_prefix("        ")?.strip_suffix(',')?.split_once(": ")?;
        let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric());
        (is_plain && !field.starts_with(' ') && field.len() > 1).then(|| format!("{field} {value}"))
    });
    let types = types.map(str::to_owned);
    types.into_iter().chain(constants).collect::<Vec<_>>().join(", ")
}
