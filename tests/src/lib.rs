//! What is tested and made from all groups together.

pub mod describe;

#[cfg(test)]
mod documents;
#[cfg(test)]
mod invited;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod told;
