/**
 * The definition of every op and update ({@link dev.tandem.conformance.Oracle}), samples of each, and the tests that hold
 * every backend of the machine to it. Adding an op: give the oracle its definition and {@code <Family>Cases} its
 * samples; {@link dev.tandem.conformance.CoverageTest} fails until both are there.
 */
package dev.tandem.conformance;
