//! A run's whole state as bytes, so that painting can go on from an earlier moment exactly as it did then.
//!
//! Pictures and settings are not in it: a state fits the run that it was taken of, with the settings of that moment.

use super::{TransferError, planes::Planes};

const MAGIC: &[u8; 8] = b"IMPASTO1";

/// All that changes from step to step in a run at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// The optimised variable.
    pub variable: Planes,
    pub optimizer: OptimizerState,
    /// Decaying sum of the iterates, and of the weights in it.
    pub average: Option<(Planes, f64)>,
    /// ‖∂L/∂variable‖² of the last step.
    pub gradient_norm: Option<f32>,
    /// Weights have changed since the last step.
    pub reweighted: bool,
}

/// What an optimizer has seen, in an order of its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptimizerState {
    pub planes: Vec<Planes>,
    pub numbers: Vec<f64>,
}

/// Writes values one after the other.
pub struct Writer(Vec<u8>);

impl Default for Writer {
    fn default() -> Self {
        Self(MAGIC.to_vec())
    }
}

impl Writer {
    pub fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn flag(&mut self, value: bool) {
        self.0.push(u8::from(value));
    }

    pub fn f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    pub fn count(&mut self, count: usize) {
        self.u32(u32::try_from(count).expect("few"));
    }

    pub fn planes(&mut self, planes: &Planes) {
        self.u32(planes.width);
        self.u32(planes.height);
        self.0.reserve(planes.values.len() * 4);
        for value in &planes.values {
            self.0.extend_from_slice(&value.to_le_bytes());
        }
    }

    pub fn state(&mut self, state: &State) {
        self.planes(&state.variable);
        self.count(state.optimizer.planes.len());
        state.optimizer.planes.iter().for_each(|planes| self.planes(planes));
        self.count(state.optimizer.numbers.len());
        state.optimizer.numbers.iter().for_each(|&number| self.f64(number));
        self.flag(state.average.is_some());
        if let Some((sum, weight)) = &state.average {
            self.planes(sum);
            self.f64(*weight);
        }
        self.flag(state.gradient_norm.is_some());
        if let Some(norm) = state.gradient_norm {
            self.u32(norm.to_bits());
        }
        self.flag(state.reweighted);
    }

    pub fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Reads what a [`Writer`] has written.
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// # Errors
    ///
    /// When these bytes are no state of this version.
    pub fn new(bytes: &'a [u8]) -> Result<Self, TransferError> {
        bytes.strip_prefix(MAGIC).map(Self).ok_or(TransferError::Checkpoint)
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], TransferError> {
        let (head, tail) = self.0.split_first_chunk::<N>().ok_or(TransferError::Checkpoint)?;
        self.0 = tail;
        Ok(*head)
    }

    pub fn u32(&mut self) -> Result<u32, TransferError> {
        Ok(u32::from_le_bytes(self.take()?))
    }

    pub fn flag(&mut self) -> Result<bool, TransferError> {
        Ok(self.take::<1>()? != [0])
    }

    pub fn f64(&mut self) -> Result<f64, TransferError> {
        Ok(f64::from_le_bytes(self.take()?))
    }

    pub fn planes(&mut self) -> Result<Planes, TransferError> {
        let (width, height) = (self.u32()?, self.u32()?);
        let bytes = 12 * u128::from(width) * u128::from(height);
        let bytes = usize::try_from(bytes).map_err(|_| TransferError::Checkpoint)?;
        let (values, rest) = self.0.split_at_checked(bytes).ok_or(TransferError::Checkpoint)?;
        self.0 = rest;
        let values = values.as_chunks::<4>().0.iter().map(|&bytes| f32::from_le_bytes(bytes)).collect();
        Ok(Planes { width, height, values })
    }

    pub fn state(&mut self) -> Result<State, TransferError> {
        let variable = self.planes()?;
        let mut optimizer = OptimizerState::default();
        for _ in 0..self.u32()? {
            optimizer.planes.push(self.planes()?);
        }
        for _ in 0..self.u32()? {
            optimizer.numbers.push(self.f64()?);
        }
        let average = match self.flag()? {
            true => Some((self.planes()?, self.f64()?)),
            false => None,
        };
        let gradient_norm = match self.flag()? {
            true => Some(f32::from_bits(self.u32()?)),
            false => None,
        };
        Ok(State { variable, optimizer, average, gradient_norm, reweighted: self.flag()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_survives_as_bytes_and_other_bytes_are_refused() {
        let planes = |seed: f32| Planes {
            width: 2,
            height: 1,
            values: vec![seed, -0.1, f32::MIN_POSITIVE, 1e-38, 3.0, seed],
        };
        let state = State {
            variable: planes(0.1),
            optimizer: OptimizerState {
                planes: vec![planes(0.2), planes(0.3)],
                numbers: vec![0.1 + 0.2, 1e-300],
            },
            average: Some((planes(0.7), 1.0 - 0.99_f64.powi(3))),
            gradient_norm: Some(1.5e-7),
            reweighted: true,
        };
        let mut writer = Writer::default();
        writer.state(&state);
        let bytes = writer.finish();
        assert_eq!(Reader::new(&bytes).unwrap().state().unwrap(), state);
        assert!(Reader::new(b"something else").is_err());
        for cut in [9, 20, bytes.len() - 1] {
            assert!(Reader::new(&bytes[..cut]).unwrap().state().is_err(), "cut at {cut}");
        }
        // A length that is a lie must not be believed.
        let mut lie = bytes.clone();
        lie[8..16].fill(0xff);
        assert!(Reader::new(&lie).unwrap().state().is_err());
    }
}
