//! A snapshot as a graph in the language of Mermaid.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write;

use crate::inspect::{
    snapshot::{ListRow, Node, Snapshot, StreamRow},
    text,
};

impl Snapshot {
    /// Returns a flowchart for [Mermaid](https://mermaid.js.org), which GitHub and many editors
    /// render.
    ///
    /// A cylinder is a list, and a box is a cursor or a stream. A dotted edge was declared by
    /// [`Registry::connect`](crate::inspect::Registry::connect). A row without a live handle is
    /// left out.
    ///
    /// # Examples
    /// ```
    /// use aiter::{inspect::Registry, push_list};
    ///
    /// let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    /// let pusher = registry.list("jobs", pusher);
    /// let _cursor = registry.cursor("worker", cursor);
    /// pusher.push(1)?;
    /// assert_eq!(
    ///     registry.snapshot().mermaid(),
    ///     r#"flowchart LR
    ///     l0[("jobs<br>1 pushed")]
    ///     s0["worker<br>0 taken<br>lag 1"]
    ///     l0 --> s0
    /// "#
    /// );
    /// # Ok::<(), aiter::PushError<i32>>(())
    /// ```
    #[must_use]
    pub fn mermaid(&self) -> String {
        let mut graph = String::from("flowchart LR\n");
        // Writing into a string does not fail.
        for (at, row) in self.lists.iter().enumerate().filter(|(_, row)| row.live > 0) {
            let _ = writeln!(graph, "    l{at}[(\"{}\")]", list_label(row));
        }
        for (at, row) in self.streams.iter().enumerate().filter(|(_, row)| row.live > 0) {
            let _ = writeln!(graph, "    s{at}[\"{}\"]", stream_label(row));
        }
        for edge in &self.edges {
            if let (Some(from), Some(to)) = (self.id(&edge.from), self.id(&edge.to)) {
                let arrow = if edge.is_declared { "-.->" } else { "-->" };
                let _ = writeln!(graph, "    {from} {arrow} {to}");
            }
        }
        graph
    }

    /// Returns the id of a node, or `None` if it is left out.
    fn id(&self, node: &Node) -> Option<String> {
        match node {
            Node::List(name) => {
                let at = self.lists.iter().position(|row| row.name == *name && row.live > 0)?;
                Some(format!("l{at}"))
            }
            Node::Stream(name) => {
                let at = self.streams.iter().position(|row| row.name == *name && row.live > 0)?;
                Some(format!("s{at}"))
            }
        }
    }
}

fn list_label(row: &ListRow) -> String {
    let mut facts = Vec::from([format!("{} pushed", row.pushed)]);
    if let (Some(used), Some(capacity)) = (row.used, row.capacity) {
        facts.push(format!("{used} of {capacity} used"));
    }
    if row.refused > 0 {
        facts.push(format!("{} refused", row.refused));
    }
    if row.waiting > 0 {
        facts.push(format!("{} waiting", row.waiting));
    }
    label(&row.name, row.live, &facts)
}

fn stream_label(row: &StreamRow) -> String {
    let mut facts = Vec::from([format!("{} taken", row.taken)]);
    if row.missed > 0 {
        facts.push(format!("{} missed", row.missed));
    }
    match row.lag {
        Some(lag) => facts.push(format!("lag {lag}")),
        None if row.depth > 0 => facts.push(format!("depth {}", row.depth)),
        None => {}
    }
    label(&row.name, row.live, &facts)
}

fn label(name: &str, live: usize, facts: &[String]) -> String {
    let times = if live > 1 { format!(" x {live}") } else { String::new() };
    format!("{}{times}<br>{}", escaped(name), facts.join("<br>"))
}

/// Returns a name in which no character ends the label or is markup.
fn escaped(name: &str) -> String {
    let mut escaped = String::new();
    for c in text::clean(name).chars() {
        match c {
            '"' => escaped.push_str("#quot;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            '#' => escaped.push_str("#35;"),
            '&' => escaped.push_str("#amp;"),
            // Begins Markdown.
            '`' => escaped.push_str("#96;"),
            c => escaped.push(c),
        }
    }
    escaped
}
