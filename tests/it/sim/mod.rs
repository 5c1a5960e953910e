//! Simulation: whole worlds from seeds, that they repeat themselves, and that the judge is no ornament.

mod command;
mod defects;
mod worlds;
