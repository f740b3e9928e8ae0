use alloc::{boxed::Box, rc::Rc, sync::Arc, vec::Vec};

use crate::token::Token;

/// An item of an adapter, from which tokens can be extracted.
///
/// Tuples, arrays, `Vec`, `Option`, `Result` and smart pointers of outputs are outputs. Numbers and
/// `()` contain no token. For other types, implement this trait or `map` the items of the adapter.
///
/// # Examples
/// ```
/// use futures_util::StreamExt;
/// use stream_laws::{Laws, Output, Relation, Token};
///
/// struct Row {
///     left: Token,
///     right: Token,
/// }
///
/// impl Output for Row {
///     fn tokens(self, tokens: &mut Vec<Token>) {
///         self.left.tokens(tokens);
///         self.right.tokens(tokens);
///     }
/// }
///
/// let laws = Laws::of_many("rows", |[a, b]| a.zip(b).map(|(left, right)| Row { left, right }));
/// laws.expect(Relation::Rows).cases(100).run().assert();
/// ```
pub trait Output {
    /// Appends every token of this item to `tokens`, in order.
    ///
    /// # Examples
    /// See the [example of the trait](Self#examples).
    fn tokens(self, tokens: &mut Vec<Token>);
}

impl Output for Token {
    fn tokens(self, tokens: &mut Vec<Token>) {
        tokens.push(self);
    }
}

impl Output for () {
    fn tokens(self, _: &mut Vec<Token>) {}
}

impl Output for usize {
    fn tokens(self, _: &mut Vec<Token>) {}
}

impl Output for u64 {
    fn tokens(self, _: &mut Vec<Token>) {}
}

impl<T: Output> Output for Option<T> {
    fn tokens(self, tokens: &mut Vec<Token>) {
        self.into_iter().for_each(|item| item.tokens(tokens));
    }
}

impl<T: Output> Output for Vec<T> {
    fn tokens(self, tokens: &mut Vec<Token>) {
        self.into_iter().for_each(|item| item.tokens(tokens));
    }
}

impl<T: Output, const N: usize> Output for [T; N] {
    fn tokens(self, tokens: &mut Vec<Token>) {
        self.into_iter().for_each(|item| item.tokens(tokens));
    }
}

impl<T: Output, E: Output> Output for Result<T, E> {
    fn tokens(self, tokens: &mut Vec<Token>) {
        match self {
            Ok(item) => item.tokens(tokens),
            Err(error) => error.tokens(tokens),
        }
    }
}

impl<A: Output, B: Output> Output for (A, B) {
    fn tokens(self, tokens: &mut Vec<Token>) {
        self.0.tokens(tokens);
        self.1.tokens(tokens);
    }
}

impl<A: Output, B: Output, C: Output> Output for (A, B, C) {
    fn tokens(self, tokens: &mut Vec<Token>) {
        (self.0, (self.1, self.2)).tokens(tokens);
    }
}

impl<T: Output> Output for Box<T> {
    fn tokens(self, tokens: &mut Vec<Token>) {
        (*self).tokens(tokens);
    }
}

impl<T: Output + Clone> Output for Rc<T> {
    fn tokens(self, tokens: &mut Vec<Token>) {
        Rc::unwrap_or_clone(self).tokens(tokens);
    }
}

impl<T: Output + Clone> Output for Arc<T> {
    fn tokens(self, tokens: &mut Vec<Token>) {
        Arc::unwrap_or_clone(self).tokens(tokens);
    }
}
