//! Syntax of a row: `[Id] field: kind(…) { differences from the default row }`. The macros generate the
//! field's accessors and the id.

/// An integer type in [`super::Settings`].
pub(super) trait WholeNumber {
    fn widen(self) -> u64;
    /// The nearest value of this type.
    fn narrow(value: u64) -> Self;
}

impl WholeNumber for u32 {
    fn widen(self) -> u64 {
        self.into()
    }

    fn narrow(value: u64) -> Self {
        value.try_into().unwrap_or(Self::MAX)
    }
}

impl WholeNumber for u64 {
    fn widen(self) -> u64 {
        self
    }

    fn narrow(value: u64) -> Self {
        value
    }
}

macro_rules! option {
    () => {
        None
    };
    ($value:expr) => {
        Some($value)
    };
}

/// The type of a field's value, from `kind(…)` before a row.
macro_rules! kind {
    (number $field:ident $scale:expr) => {
        Kind::Number(Number {
            get: |settings| Some(settings.$field),
            set: |settings, value| settings.$field = value,
            scale: $scale,
        })
    };
    (optional_number $field:ident $scale:expr) => {
        Kind::Number(Number {
            get: |settings| settings.$field,
            set: |settings, value| settings.$field = Some(value),
            scale: $scale,
        })
    };
    (whole $field:ident $type:ty, $problem:expr) => {
        Kind::Whole(Whole {
            get: |settings| WholeNumber::widen(settings.$field),
            set: |settings, value| settings.$field = WholeNumber::narrow(value),
            problem: $problem,
        })
    };
    (layers $field:ident $id:expr) => {
        Kind::Layers(Layers {
            get: |settings| &settings.$field,
            get_mut: |settings| &mut settings.$field,
            id: $id,
        })
    };
    (switch $field:ident) => {
        Kind::Switch
    };
    ($other:ident $field:ident $($type:ty)?) => {
        Kind::Other
    };
}

/// Reader of the flag's value into the field.
macro_rules! argument {
    (number $field:ident $($rest:tt)*) => {
        argument!(@ $field f64, |value| value)
    };
    (optional_number $field:ident $($rest:tt)*) => {
        argument!(@ $field f64, Some)
    };
    (whole $field:ident $type:ty, $problem:expr) => {
        argument!(@ $field $type, |value| value)
    };
    (switch $field:ident) => {
        argument!(@ $field bool, |value| value)
    };
    (path $field:ident) => {
        argument!(@ $field PathBuf, Some)
    };
    (text $field:ident $type:ty) => {
        argument!(@ $field $type, |value| value)
    };
    (@ $field:ident $type:ty, $wrap:expr) => {
        Some(Argument {
            parser: || clap::value_parser!($type).into(),
            read: |settings, matches| {
                if let Some(value) = matches.get_one::<$type>(stringify!($field)) {
                    settings.$field = ($wrap)(<$type as Clone>::clone(value));
                }
            },
        })
    };
    ($table:ident $field:ident $($rest:tt)*) => {
        None
    };
}

macro_rules! parameters {
    ($($([$id:ident])? $field:ident: $kind:ident($($type:tt)*) { $($row:tt)* })+) => {
        /// Id of a continuous parameter for faders, automation and controllers. Its text is `beta`,
        /// `style/relu3_1`, `picture/2/weight` or `region/1/strength`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ParamId {
            $($($id,)?)+
            /// Weight of a style layer.
            Style(Layer),
            /// Weight of a content layer.
            Content(Layer),
            /// Weight of a style picture, counted from 0; in the text from 1.
            PictureWeight(u8),
            /// Stroke scale of a style picture.
            PictureScale(u8),
            /// Strength of a region.
            RegionStrength(u8),
        }

        /// A row for each field of [`crate::settings::Settings`].
        pub static PARAMETERS: &[Parameter] = &[$(Parameter {
            field: stringify!($field),
            id: option!($(ParamId::$id)?),
            kind: kind!($kind $field $($type)*),
            argument: argument!($kind $field $($type)*),
            copy: |to, from| to.$field.clone_from(&from.$field),
            same: |a, b| a.$field == b.$field,
            $($row)*
            ..ROW
        }),+];
    };
}
