/**
 * Learning as a loop: batches in, forward, loss, backward, update, until a rule says stop; and what is measured, kept and
 * written on the way. A run goes on from its checkpoint as if it had never stopped, to the bit.
 */
package dev.tandem.train;
