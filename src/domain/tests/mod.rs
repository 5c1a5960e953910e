//! Tests of both machines together; those of one machine stand beside it and use the same world.

mod property;
pub(super) mod world;
