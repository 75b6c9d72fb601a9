package dev.tandem.train;

import java.util.Optional;
import java.util.OptionalDouble;

/**
 * How good a model is on a whole data set: sums over all samples divided once, so that the size of batches does not matter.
 *
 * @param loss the mean as the loss function defines it: the total over all samples by the number of its terms
 * @param samples how many samples were looked at
 * @param accuracy the share of class numbers, or of next tokens, that the model puts first; absent for regression
 * @param regression absent for classes
 * @param confusion absent for regression, for more than {@link Evaluation#MOST_CONFUSED} classes, and in epoch reports
 */
public record Metrics(
    double loss,
    long samples,
    OptionalDouble accuracy,
    Optional<RegressionErrors> regression,
    Optional<Confusion> confusion) {}
