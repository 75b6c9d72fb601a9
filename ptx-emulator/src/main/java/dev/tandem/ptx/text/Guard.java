package dev.tandem.ptx.text;

/** The predicate under which an instruction runs: {@code @%p1} or {@code @!%p1}. */
public record Guard(Operand.Register predicate, boolean negated) {}
