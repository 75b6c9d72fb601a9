import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleSupplier;

/**
 * One side of the comparison, a process of its own. It does what the lines on standard input say and is blocked in reading them
 * otherwise: {@code open CASE} makes a case ready, or goes back to one that is; {@code renew CASE} makes it anew, as nothing had been
 * trained; {@code run NANOS STEPS} does at least so many of its steps and for at least so long.
 */
interface Worker {
  /**
   * @param parameters numbers that are trained; of a ceiling, what a step does: operations, or bytes
   * @param step does one step, gives its loss
   * @param close frees what the case holds
   */
  record Case(long parameters, DoubleSupplier step, Runnable close) {}

  /** The library and the settings that count. */
  String version();

  /** @param words what is to be done, the case's name first */
  Case open(List<String> words);

  /** Obeys until the input ends. */
  static void serve(Worker worker) throws IOException {
    PrintStream answers = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err); // what a library prints is no answer
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Map<List<String>, Case> cases = new HashMap<>();
    Case current = null;
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      List<String> words = Arrays.asList(line.split(" "));
      List<String> name = words.subList(1, words.size());
      if (words.getFirst().equals("run")) {
        answers.println(run(current.step(), Long.parseLong(name.get(0)), Long.parseLong(name.get(1))));
        continue;
      }
      Case old = words.getFirst().equals("renew") ? cases.remove(name) : null;
      if (old != null) {
        old.close().run();
      }
      current = cases.computeIfAbsent(name, worker::open);
      answers.println("opened " + current.parameters() + " " + worker.version());
    }
  }

  private static String run(DoubleSupplier step, long nanos, long least) {
    long start = System.nanoTime();
    long steps = 0;
    double loss;
    do {
      loss = step.getAsDouble();
      steps++;
    } while (steps < least || System.nanoTime() - start < nanos);
    return "ran " + steps + " " + (System.nanoTime() - start) + " " + loss;
  }
}
