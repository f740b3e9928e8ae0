use core::fmt;

/// A temperature that a sensor has measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The name of the sensor.
    pub sensor: &'static str,
    /// The temperature.
    pub celsius: i32,
}

impl Reading {
    /// Makes a reading.
    pub fn new(sensor: &'static str, celsius: i32) -> Self {
        Self { sensor, celsius }
    }
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} °C", self.sensor, self.celsius)
    }
}
