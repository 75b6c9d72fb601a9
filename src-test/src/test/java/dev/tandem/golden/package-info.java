/** Comparisons with numbers that PyTorch made. The data and the script that makes it lie in resources/golden. */
package dev.tandem.golden;
