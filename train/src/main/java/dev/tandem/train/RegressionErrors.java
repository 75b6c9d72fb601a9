package dev.tandem.train;

/**
 * How far predicted numbers lie from their targets, over all samples and all outputs.
 *
 * @param meanAbsolute mean of |p - t|, in the target's unit
 * @param rootMeanSquare square root of the mean of (p - t)^2, in the target's unit
 * @param r2 the coefficient of determination, 1 - sum (p - t)^2 / sum (t - mean of its output)^2: 1 is perfect, 0 is what
 *     always predicting the means would give, less is worse than that; NaN where the targets do not vary
 */
public record RegressionErrors(double meanAbsolute, double rootMeanSquare, double r2) {}
