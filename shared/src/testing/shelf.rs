use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::objects::{Access, Object, Objects};

/// A bucket in memory; clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Shelf(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Shelf {
    /// Puts an object there, as somebody else would.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        self.0
            .lock()
            .unwrap()
            .insert(key.to_owned(), bytes.to_vec());
    }

    pub fn bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(key).cloned()
    }

    /// The names of all objects, in order.
    pub fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl Objects for Shelf {
    fn read<'a>(&'a self, key: &'a str, _: u64) -> Access<'a, Option<Vec<u8>>> {
        Box::pin(async move { Ok(self.bytes(key)) })
    }

    fn write<'a>(&'a self, key: &'a str, object: Object<'a>) -> Access<'a, ()> {
        Box::pin(async move {
            self.put(key, object.bytes);
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> Access<'a, ()> {
        Box::pin(async move {
            self.0.lock().unwrap().remove(key);
            Ok(())
        })
    }
}
