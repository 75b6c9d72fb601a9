package dev.tandem.cli;

import dev.tandem.backend.Backend;
import dev.tandem.data.Target;
import dev.tandem.shape.TensorType;
import dev.tandem.train.EpochReport;
import dev.tandem.train.PeakRate;
import java.util.Optional;

/**
 * How fast a run is, for people: tokens or samples a second, of a known device the share of its peak, and the memory taken.
 *
 * @param tokens of a sample; 1 where samples are no text
 * @param samples of an epoch
 * @param flops of a sample, as {@link Plan#modelFlops} counts them
 * @param peak of the device, where it is known
 */
record Speed(
    String unit, long tokens, int batch, long samples, double flops, Optional<PeakRate> peak) {
  static Speed of(Prepared prepared, Backend backend) {
    TensorType input = prepared.data().training().input();
    boolean text = prepared.data().training().target() instanceof Target.Tokens;
    Optional<PeakRate> peak = PeakRate.of(backend.description(), arithmetic(prepared, backend));
    return new Speed(
        text ? "tokens" : "samples",
        text ? input.elements() : 1,
        prepared.training().batchSize(),
        prepared.training().samples(),
        peak.isEmpty() ? 0 : Plan.modelFlops(prepared),
        peak);
  }

  private static PeakRate.Arithmetic arithmetic(Prepared prepared, Backend backend) {
    return switch (prepared.config().precision()) {
      case BF16, F16 -> PeakRate.Arithmetic.HALF;
      case TF32 -> PeakRate.Arithmetic.TF32;
      case F32 ->
          backend.description().endsWith("F32 products in TF32")
              ? PeakRate.Arithmetic.TF32
              : PeakRate.Arithmetic.F32;
    };
  }

  /** Tokens or samples of so many steps of an epoch, whose last may have fewer than the others. */
  long after(int steps) {
    return tokens * Math.min((long) steps * batch, samples);
  }

  /** {@code 172,000 tokens/s, 14.0 % of H100 SXM's 989.5 TFLOPS in BF16, 11.2 GiB}. */
  String tell(EpochReport report) {
    double samples = report.timing().samplesPerSecond();
    String share =
        peak.map(rate -> ", " + Report.percent(samples * flops / rate.flops()) + " of " + rate)
            .orElse("");
    return Report.format("%,d %s/s", Math.round(samples * tokens), unit)
        + share
        + ", "
        + bytes(report.timing().peakBytes());
  }

  /** {@code 11.2 GiB} or, of less than one, {@code 371 MiB}. */
  private static String bytes(long bytes) {
    return bytes >= 1L << 30
        ? Report.format("%.1f GiB", bytes / (double) (1L << 30))
        : Report.format("%,d MiB", Math.ceilDiv(bytes, 1L << 20));
  }
}
