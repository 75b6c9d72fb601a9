/**
 * The seven steps of learning, a test class each, which shows the step happening: initialise,
 * forward, loss, differentiate, back-propagate, update, and repeat until converged.
 */
package dev.tandem.learning;
