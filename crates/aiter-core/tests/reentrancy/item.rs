//! Items whose `clone` and `drop` are user code, and the registry of their instances.
//!
//! An item holds numbers and no pointer, so a double drop or a read after the drop is recorded and
//! corrupts nothing.

use alloc::vec::Vec;
use core::{cell::RefCell, mem::MaybeUninit};

use crate::base::{Base, Site, base};

/// An item with `PAD` more bytes, which reduce the number of slots of a block.
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

    /// Returns the ids of the instances that are not dropped.
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

    /// Checks that this instance is registered and not dropped.
    fn is_alive(&self, base: &Base) -> bool {
        let instances = base.items.instances.borrow();
        let written = instances.get(self.instance).map(|of| (of.id, of.drops));
        let is_alive = written == Some((self.id, 0));
        base.check(
            is_alive,
            format_args!(
                "item {}/{} is used, but its entry is {written:?}",
                self.id, self.instance
            ),
        );
        is_alive
    }
}

impl<const PAD: usize> Clone for Item<PAD> {
    fn clone(&self) -> Self {
        let base = base();
        self.is_alive(&base);
        base.call_back(Site::Clone);
        // The call-back must not drop this instance.
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
