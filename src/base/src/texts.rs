//! Enums with a text form.
//!
//! Our own because the error messages of the available derives don't list the choices.

/// Implement `ALL`, `Display` and `FromStr` for an enum.
#[macro_export]
macro_rules! named {
    ($type:ident, $what:literal, $($variant:ident => $name:literal $(| $former:literal)*),+ $(,)?) => {
        impl $type {
            /// Every variant, in display order.
            pub const ALL: &'static [$type] = &[$($type::$variant),+];
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self { $($type::$variant => $name),+ })
            }
        }
        impl std::str::FromStr for $type {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                match text.trim().to_ascii_lowercase().as_str() {
                    $($name $(| $former)* => Ok($type::$variant),)+
                    _ => Err(format!(concat!("no ", $what, " is called {:?}; there are: {}"), text, [$($name),+].join(", "))),
                }
            }
        }
    };
}

/// Serialize types by their `Display` and `FromStr`.
#[macro_export]
macro_rules! serde_as_text {
    ($($type:ident),+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )+};
}
