//! Items whose `clone` and `drop` are user code, and the book of their instances.
//!
//! An item holds numbers and no pointer: an item that is dropped twice, or read after its drop,
//! shows in the book and corrupts nothing.

use alloc::vec::Vec;
use core::{cell::RefCell, mem::MaybeUninit};

use crate::base::{Base, Site, base};

/// `PAD` makes it larger, and a list's blocks shorter.
pub(crate) struct Item<const PAD: usize> {
    id: usize,
    instance: usize,
    _pad: MaybeUninit<[u8; PAD]>,
}

struct Instance {
    id: usize,
    drops: usize,
}

#[derive(Default)]
pub(crate) struct ItemRegistry {
    instances: RefCell<Vec<Instance>>,
}

impl ItemRegistry {
    fn enter(&self, id: usize) -> usize {
        let mut instances = self.instances.borrow_mut();
        instances.push(Instance { id, drops: 0 });
        instances.len() - 1
    }

    /// Instances that were never dropped.
    pub(crate) fn alive(&self) -> Vec<usize> {
        let instances = self.instances.borrow();
        instances.iter().filter(|instance| instance.drops == 0).map(|of| of.id).collect()
    }
}

impl<const PAD: usize> Item<PAD> {
    pub(crate) fn new(base: &Base, id: usize) -> Self {
        Self { id, instance: base.items.enter(id), _pad: MaybeUninit::uninit() }
    }

    pub(crate) fn id(&self) -> usize {
        self.is_alive(&base());
        self.id
    }

    /// Checks that this is an instance of the book, and not dropped yet.
    fn is_alive(&self, base: &Base) -> bool {
        let instances = base.items.instances.borrow();
        let written = instances.get(self.instance).map(|of| (of.id, of.drops));
        let is_alive = written == Some((self.id, 0));
        base.check(
            is_alive,
            format_args!("item {}/{} is used, but is {written:?}", self.id, self.instance),
        );
        is_alive
    }
}

impl<const PAD: usize> Clone for Item<PAD> {
    fn clone(&self) -> Self {
        let base = base();
        self.is_alive(&base);
        base.call_back(Site::Clone);
        // Still there after what the call-back did.
        self.is_alive(&base);
        Self::new(&base, self.id)
    }
}

impl<const PAD: usize> Drop for Item<PAD> {
    fn drop(&mut self) {
        let base = base();
        if self.is_alive(&base) {
            base.items.instances.borrow_mut()[self.instance].drops += 1;
        }
        base.call_back(Site::Drop);
    }
}
