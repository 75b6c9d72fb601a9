/**
 * The definition of every op and update ({@link dev.tandem.conformance.Oracle}), samples of each, and what holds any
 * backend to them ({@link dev.tandem.conformance.Conformance}). Adding an op: give the oracle its definition and
 * {@code <Family>Cases} its samples; {@code CoverageTest} fails until both are there.
 */
package dev.tandem.conformance;
