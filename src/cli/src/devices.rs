//! `impasto devices`: lists the devices, and which is chosen by default.

use std::process::ExitCode;

use clap::Args;

use impasto_network::compute::{self, DeviceInfo};

#[derive(Debug, Args)]
pub(super) struct DevicesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Print the list.
pub(super) fn run(arguments: &DevicesArgs) -> anyhow::Result<ExitCode> {
    let devices = compute::devices();
    let text = if arguments.json {
        let mut text = serde_json::to_string_pretty(&devices)?;
        text.push('\n');
        text
    } else {
        table(&devices)
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Format the table; `*` marks the device that is chosen by default.
fn table(devices: &[DeviceInfo]) -> String {
    let rows: Vec<[&str; 5]> = [["NAME", "KIND", "BACKEND", "DRIVER", "WHY"]]
        .into_iter()
        .chain(devices.iter().map(|d| [&*d.name, d.kind.label(), &*d.backend, &*d.driver, &*d.reason]))
        .collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2), width(3)];
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let chosen = index > 0 && is_chosen(&devices[index - 1]);
        let mut line = String::from(if chosen { "* " } else { "  " });
        for (cell, width) in row.iter().zip(widths) {
            line.push_str(&format!("{cell:width$}  "));
        }
        line.push_str(row[4]);
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The reason of the one device that is chosen begins with this word.
fn is_chosen(device: &DeviceInfo) -> bool {
    device.reason.starts_with("chosen")
}

#[cfg(test)]
mod tests {
    use super::*;
    use impasto_network::compute::DeviceKind;

    #[test]
    fn the_table_is_aligned_and_marks_the_chosen_device() {
        let device = |name: &str, kind, reason: &str| DeviceInfo {
            name: name.into(),
            kind,
            backend: "Vulkan".into(),
            driver: "Mesa".into(),
            reason: reason.into(),
        };
        let text = table(&[
            device("Ryzen", DeviceKind::Cpu, ""),
            device("GeForce RTX", DeviceKind::DiscreteGpu, "chosen: a GPU"),
        ]);
        assert_eq!(
            text,
            "  NAME         KIND  BACKEND  DRIVER  WHY\n  \
               Ryzen        CPU   Vulkan   Mesa\n\
             * GeForce RTX  GPU   Vulkan   Mesa    chosen: a GPU\n"
        );
    }
}
