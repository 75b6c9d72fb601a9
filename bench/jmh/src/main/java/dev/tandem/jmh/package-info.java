/** Benchmarks of the CPU backend's ops, an op family a class, under JMH. */
package dev.tandem.jmh;
