/**
 * Data for training: readers, splits, batches, normalisation, augmentation. Values are plain arrays; the
 * training loop uploads them. Whatever is drawn at random comes from Philox under a seed, so it is the
 * same on every machine and for every number of threads.
 */
package dev.tandem.data;
