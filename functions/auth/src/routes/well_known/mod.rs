//! `/.well-known`: what others find out about this service by themselves.

pub mod jwks;
pub mod openid_configuration;
pub mod security_txt;
