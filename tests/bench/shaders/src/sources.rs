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
    let mut texts = BTreeSet::new();
    let mut shaders = Vec::new();
    for &file in files {
        let path = Path::new(file);
        let content = fs::read_to_string(path).map_err(|error| format!("{file}: {error}"))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let found = match path.extension().is_some_and(|extension| extension == "wgsl") {
            true => vec![("convolve_on_units", name, content.as_str())],
            false => logged(&content),
        };
        for (name, variant, text) in found {
            if texts.insert(text.to_owned()) {
                shaders.push(Shader::new(name, variant, text)?);
            }
        }
    }
    shaders.sort_by_key(Shader::title);
    let missing: Vec<String> =
        launchable()?.into_iter().filter(|name| !shaders.iter().any(|shader| shader.name == *name)).collect();
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

/// Names, variants and texts of our kernels in a log of CubeCL's.
fn logged(log: &str) -> Vec<(&str, String, &str)> {
    let blocks = log.split("[START_KERNEL_COMPILATION]").skip(1);
    let parts = blocks.filter_map(|block| {
        let (head, rest) = block.split_once("source:\n```")?;
        let (_, rest) = rest.split_once('\n')?;
        let (text, _) = rest.split_once("\n```")?;
        let path = head.split_once("name: ")?.1.split(['<', '\n']).next()?;
        // …::module::function::Type; those for matrix units are in files of their own.
        let name = path.rsplit("::").nth(1)?;
        (path.starts_with(OURS) && !path.contains("::units::")).then(|| (name, variant(head), text))
    });
    parts.collect()
}

/// Types and constants that a kernel is made with, out of its identity in the log, which has a line for each.
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
