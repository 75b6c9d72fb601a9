/** The seam to the GPU: a small Driver and Blas, and their bindings. The only package that imports jcuda. */
package dev.tandem.cuda.driver;
