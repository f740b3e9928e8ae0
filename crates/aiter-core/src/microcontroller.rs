#![doc = include_str!("../MICROCONTROLLER.md")]
