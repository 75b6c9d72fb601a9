package dev.tandem.jmh;

/**
 * A call of a backend on operands of its own, and what it counts as: operations where it is products, bytes read and written where
 * it is not.
 *
 * @param megaflops 10^6 floating-point operations; 0 where bytes count
 * @param megabytes 10^6 bytes; 0 where operations count
 */
record Call(Runnable work, double megaflops, double megabytes) {}
