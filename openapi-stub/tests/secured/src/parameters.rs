// Generated from the document, and rewritten as long as nobody edits it (seal d3486d21c7c7333d).
//! No operation of the document has parameters.
