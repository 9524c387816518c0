//! An AMD card that need not be there: Mesa's driver compiles for the one that `RADV_FORCE_FAMILY` names.

use std::{collections::BTreeMap, error::Error, ffi::CStr, ffi::c_char};

use ash::{khr::pipeline_executable_properties as executable, vk};
use naga::{AddressSpace, back::spv};

use crate::{sources::Shader, translate::unchecked};

/// The driver, opened until the program ends.
pub struct Card {
    /// Holds the library.
    _entry: ash::Entry,
    device: ash::Device,
    executables: executable::Device,
    pub name: String,
}

/// What a kernel has become.
pub struct Compiled {
    /// By the driver's names, such as "VGPRs".
    pub statistics: BTreeMap<String, u64>,
    /// The instructions as text.
    pub code: String,
}

impl Card {
    /// The first one that tells what it makes of a kernel.
    ///
    /// # Errors
    ///
    /// If there is none.
    pub fn open() -> Result<Self, Box<dyn Error>> {
        // SAFETY: calls to Vulkan as the specification has them: all that is passed lives until they return,
        // and whatever is made is used before its parent ends.
        unsafe {
            let entry = ash::Entry::load()?;
            let application = vk::ApplicationInfo::default().api_version(vk::API_VERSION_1_3);
            let wanted = vk::InstanceCreateInfo::default().application_info(&application);
            let instance = entry.create_instance(&wanted, None)?;
            for physical in instance.enumerate_physical_devices()? {
                let offered = instance.enumerate_device_extension_properties(physical)?;
                let tells =
                    |offer: &vk::ExtensionProperties| offer.extension_name_as_c_str() == Ok(executable::NAME);
                if !offered.iter().any(tells) {
                    continue;
                }
                let properties = instance.get_physical_device_properties(physical);
                let queue = [vk::DeviceQueueCreateInfo::default().queue_priorities(&[1.0])];
                let extensions = [executable::NAME.as_ptr()];
                let mut tell = vk::PhysicalDevicePipelineExecutablePropertiesFeaturesKHR::default()
                    .pipeline_executable_info(true);
                let mut halves =
                    vk::PhysicalDeviceVulkan11Features::default().storage_buffer16_bit_access(true);
                let mut half = vk::PhysicalDeviceVulkan12Features::default().shader_float16(true);
                let wanted = vk::DeviceCreateInfo::default()
                    .queue_create_infos(&queue)
                    .enabled_extension_names(&extensions)
                    .push_next(&mut tell)
                    .push_next(&mut halves)
                    .push_next(&mut half);
                let device = instance.create_device(physical, &wanted, None)?;
                let executables = executable::Device::new(&instance, &device);
                let name = properties.device_name_as_c_str()?.to_string_lossy().into_owned();
                return Ok(Self { _entry: entry, device, executables, name });
            }
            Err("no driver here tells what it makes of a kernel; see tests/bench/drivers.sh".into())
        }
    }

    /// Compile a kernel as wgpu has it compiled.
    ///
    /// # Errors
    ///
    /// If naga or the driver refuses it.
    pub fn compile(&self, shader: &Shader) -> Result<Compiled, Box<dyn Error>> {
        let words = spirv(shader)?;
        let variables = shader.module.global_variables.iter().filter_map(|(_, variable)| {
            let kind = match variable.space {
                AddressSpace::Uniform => vk::DescriptorType::UNIFORM_BUFFER,
                _ => vk::DescriptorType::STORAGE_BUFFER,
            };
            let binding = vk::DescriptorSetLayoutBinding::default().descriptor_type(kind).descriptor_count(1);
            let place = variable.binding?.binding;
            Some(binding.binding(place).stage_flags(vk::ShaderStageFlags::COMPUTE))
        });
        let bindings: Vec<_> = variables.collect();
        let entry = std::ffi::CString::new(shader.entry())?;
        // SAFETY: as in `open`.
        unsafe {
            let code = vk::ShaderModuleCreateInfo::default().code(&words);
            let module = self.device.create_shader_module(&code, None)?;
            let set = vk::DescriptorSetLayoutCreateInfo::default().bindings(&bindings);
            let sets = [self.device.create_descriptor_set_layout(&set, None)?];
            let layout = vk::PipelineLayoutCreateInfo::default().set_layouts(&sets);
            let layout = self.device.create_pipeline_layout(&layout, None)?;
            let stage = vk::PipelineShaderStageCreateInfo::default()
                .stage(vk::ShaderStageFlags::COMPUTE)
                .module(module)
                .name(&entry);
            let keep = vk::PipelineCreateFlags::CAPTURE_STATISTICS_KHR
                | vk::PipelineCreateFlags::CAPTURE_INTERNAL_REPRESENTATIONS_KHR;
            let wanted = vk::ComputePipelineCreateInfo::default().flags(keep).stage(stage).layout(layout);
            let made = self.device.create_compute_pipelines(vk::PipelineCache::null(), &[wanted], None);
            let pipeline = made.map_err(|(_, error)| error)?[0];
            let compiled = self.describe(pipeline);
            self.device.destroy_pipeline(pipeline, None);
            self.device.destroy_pipeline_layout(layout, None);
            self.device.destroy_descriptor_set_layout(sets[0], None);
            self.device.destroy_shader_module(module, None);
            compiled
        }
    }

    /// # Safety
    ///
    /// The pipeline is this device's, made with all that there is to tell.
    unsafe fn describe(&self, pipeline: vk::Pipeline) -> Result<Compiled, Box<dyn Error>> {
        let of = vk::PipelineExecutableInfoKHR::default().pipeline(pipeline);
        // SAFETY: as in `open`.
        let told = unsafe { self.executables.get_pipeline_executable_statistics(&of) }?;
        let statistics = told.iter().filter_map(|statistic| {
            if statistic.format != vk::PipelineExecutableStatisticFormatKHR::UINT64 {
                return None;
            }
            // SAFETY: the format says which of the values it is.
            Some((text(&statistic.name), unsafe { statistic.value.u64 }))
        });
        let mut count = 0;
        let ask = self.executables.fp().get_pipeline_executable_internal_representations_khr;
        let handle = self.executables.device();
        // SAFETY: first the number of them is asked for, then their lengths, then what they are.
        let mut told = unsafe {
            ask(handle, &of, &mut count, std::ptr::null_mut()).result()?;
            let mut told = vec![vk::PipelineExecutableInternalRepresentationKHR::default(); count as usize];
            ask(handle, &of, &mut count, told.as_mut_ptr()).result()?;
            told
        };
        let mut buffers: Vec<Vec<u8>> = told.iter().map(|one| vec![0; one.data_size]).collect();
        for (one, buffer) in told.iter_mut().zip(&mut buffers) {
            one.p_data = buffer.as_mut_ptr().cast();
        }
        // SAFETY: each has a buffer of the length that the driver asked for.
        unsafe { ask(handle, &of, &mut count, told.as_mut_ptr()).result()? };
        let assembly = told.iter().zip(&buffers).find(|(one, _)| text(&one.name) == "Assembly");
        let (_, assembly) = assembly.ok_or("the driver tells no instructions")?;
        let code = String::from_utf8_lossy(assembly).trim_end_matches('\0').to_owned();
        Ok(Compiled { statistics: statistics.collect(), code })
    }
}

fn text(name: &[c_char]) -> String {
    let bytes: Vec<u8> = name.iter().map(|&c| c as u8).collect();
    CStr::from_bytes_until_nul(&bytes).unwrap_or_default().to_string_lossy().into_owned()
}

/// As wgpu asks for it of a driver with Vulkan 1.3.
fn spirv(shader: &Shader) -> Result<Vec<u32>, Box<dyn Error>> {
    let options = spv::Options {
        lang_version: (1, 6),
        flags: spv::WriterFlags::empty(),
        bounds_check_policies: unchecked(),
        zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
        force_loop_bounding: false,
        emit_int_div_checks: false,
        ..spv::Options::default()
    };
    Ok(spv::write_vec(&shader.module, &shader.info, &options, None)?)
}
