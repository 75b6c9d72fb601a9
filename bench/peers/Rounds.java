import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs sides in turn, each while the others sleep. */
final class Rounds {
  private Rounds() {}

  /**
   * Milliseconds a step, by side. Each round starts with another side, for the one before may leave its mark.
   *
   * @param anew whether every round trains from fresh weights. What has learnt its one batch by heart has momenta that fade into
   *     denormals, with which processors are many times slower: no state to measure in
   */
  static Map<Contestant, Samples> alternate(List<Contestant> sides, int rounds, long nanos, boolean anew)
      throws IOException, InterruptedException {
    Map<Contestant, List<Double>> millis = new LinkedHashMap<>();
    sides.forEach(side -> millis.put(side, new ArrayList<>()));
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < sides.size(); i++) {
        Contestant side = sides.get((round + i) % sides.size());
        if (anew) {
          side.renew();
          side.run(0, 2);
        }
        millis.get(side).add(side.run(nanos, 1).millis());
        side.awaitQuiet();
      }
    }
    Map<Contestant, Samples> samples = new LinkedHashMap<>();
    millis.forEach((side, values) -> samples.put(side, new Samples(values)));
    return samples;
  }
}
