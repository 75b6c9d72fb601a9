/** A software GPU that executes PTX behind the seam of {@code dev.tandem.cuda.driver}. For tests. */
package dev.tandem.ptx;
