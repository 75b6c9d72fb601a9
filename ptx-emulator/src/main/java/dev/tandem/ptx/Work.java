package dev.tandem.ptx;

/**
 * A piece of work for a stream.
 *
 * @param kind what it is
 * @param what it is about, for messages and for comparing graphs: a kernel's name, a copy's direction
 * @param action does it
 */
record Work(Kind kind, String what, Runnable action) {
  enum Kind {
    KERNEL,
    COPY,
    FILL,
    PRODUCT,
    GRAPH,
    FREE,
    EVENT
  }
}
