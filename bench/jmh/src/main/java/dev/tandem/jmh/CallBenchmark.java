package dev.tandem.jmh;

import dev.tandem.backend.Backend;
import dev.tandem.backend.Backends;
import dev.tandem.backend.Flag;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/** Repeats a call of the CPU backend; a subclass says which. */
@State(Scope.Thread)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 600, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 400, timeUnit = TimeUnit.MILLISECONDS)
public abstract class CallBenchmark {
  /** Counts in 10^6, which a millisecond makes 10^9 a second. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.OPERATIONS)
  public static class Rates {
    public double gflops;
    public double gbytes;
  }

  /** What the machine reached around an iteration, in the unit of the rate that is not 0. */
  @State(Scope.Thread)
  @AuxCounters(AuxCounters.Type.EVENTS)
  public static class Peaks {
    public double peak;
  }

  private Backend backend;
  private Operands operands;
  private Call call;
  private Peak peak;
  private double peakBefore;

  abstract Call call(Operands operands);

  @Setup(Level.Trial)
  public void open() {
    backend = Backends.open("cpu", System.err::println);
    operands = new Operands(backend);
    call = call(operands);
    int threads = Flag.THREADS.number(Runtime.getRuntime().availableProcessors());
    peak = call.megaflops() > 0 ? new Peak(threads) : new Peak(threads, call.megabytes());
  }

  @Setup(Level.Iteration)
  public void measurePeak() {
    peakBefore = peak.rate();
  }

  @Benchmark
  public void run(Rates rates) {
    call.work().run();
    rates.gflops += call.megaflops();
    rates.gbytes += call.megabytes();
  }

  @TearDown(Level.Iteration)
  public void measurePeakAgain(Peaks peaks) {
    peaks.peak = (peakBefore + peak.rate()) / 2;
  }

  @TearDown(Level.Trial)
  public void close() {
    operands.checkFinite();
    peak.close();
    backend.close();
  }
}
