package dev.tandem.cli;

import dev.tandem.cli.report.Examined;
import dev.tandem.cli.report.Examined.Example;
import dev.tandem.cli.report.Examined.Meeting;
import dev.tandem.cli.report.Examined.Word;
import dev.tandem.cli.report.Pictures;
import dev.tandem.data.Dataset;
import dev.tandem.data.Normalization;
import dev.tandem.data.Target;
import dev.tandem.data.TokenText;
import dev.tandem.data.Tokenizer;
import dev.tandem.data.Values;
import dev.tandem.nn.Generator;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Sampler;
import dev.tandem.nn.Sequential;
import dev.tandem.shape.Shape;
import dev.tandem.tensor.Random;
import dev.tandem.train.Learner;
import dev.tandem.train.Metrics;
import dev.tandem.train.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Shows a trained model samples, for a person to see what it makes of them.
 *
 * @param inputs how inputs are scaled, and targets how numbers are
 * @param atOnce samples that are computed at once
 */
record Examiner(
    Learner learner, Normalization inputs, Optional<Normalization> targets, int atOnce) {
  /** Samples that are looked through for mistakes. */
  private static final int LOOKED_THROUGH = 5_000;

  private static final int SHOWN = 24;
  private static final int MET = 500;
  private static final int MOST_NUMBERS = 6;
  private static final int MOST_INPUTS = 8;

  /** Positions of a text, as long as so many probabilities can be held. */
  private static final int PASSAGE = 256;

  private static final int MOST_PROBABILITIES = 1 << 22;

  private static final int PROMPT = 24;
  private static final int WRITTEN = 240;
  private static final double TEMPERATURE = 0.8;

  /** A model that is slow writes less. */
  private static final long WRITING_NANOS = 3_000_000_000L;

  /**
   * @param part of the data, in a word
   * @param metrics of the same data
   * @param tokenizer of a text, where it is known
   * @param seed of what a language model writes
   */
  Examined examine(
      String part, Dataset dataset, Metrics metrics, Optional<Tokenizer> tokenizer, long seed) {
    List<String> names =
        switch (dataset.target()) {
          case Target.Classes(List<String> classes) -> classes;
          case Target.Numbers(List<String> numbers) -> numbers;
          case Target.Tokens _ -> List.of();
        };
    List<Example> mistakes = List.of();
    List<Example> examples = List.of();
    List<List<Meeting>> meetings = List.of();
    List<Word> passage = List.of();
    String continuation = "";
    switch (dataset.target()) {
      case Target.Classes _ -> {
        List<Taken> taken = takenFor(dataset);
        mistakes =
            examples(
                dataset,
                taken.stream()
                    .filter(one -> one.actual != one.predicted)
                    .sorted(Comparator.comparingDouble(one -> -one.probability))
                    .limit(SHOWN)
                    .toList());
        int[] shown = evenly(taken.size(), SHOWN);
        examples = examples(dataset, Arrays.stream(shown).mapToObj(taken::get).toList());
      }
      case Target.Numbers _ -> meetings = meetings(dataset, names.size());
      case Target.Tokens(int vocabulary) -> {
        Values.Ints window = (Values.Ints) dataset.read(new int[] {0}, 0, 1).inputs();
        passage = passage(dataset, vocabulary, tokenizer);
        continuation = continuation(window.data(), tokenizer, seed);
      }
    }
    return new Examined(
        part,
        metrics.samples(),
        metrics.loss(),
        metrics.accuracy(),
        metrics.regression(),
        names,
        metrics.confusion(),
        mistakes,
        examples,
        meetings,
        passage,
        continuation);
  }

  /** As many indices below size, or all, as far apart as can be. */
  private static int[] evenly(int size, int most) {
    int count = Math.min(size, most);
    return IntStream.range(0, count).map(i -> (int) ((long) i * size / count)).toArray();
  }

  private Values scaled(Dataset dataset, int[] indices, int from, int count) {
    Values rows = dataset.read(indices, from, count).inputs();
    if (rows instanceof Values.Floats floats) {
      inputs.apply(floats);
    }
    return rows;
  }

  // ---- classes

  private record Taken(int index, int actual, int predicted, double probability, double ofActual) {}

  private List<Taken> takenFor(Dataset dataset) {
    int[] indices = evenly(dataset.size(), LOOKED_THROUGH);
    Predictor predictor = new Predictor(learner);
    List<Taken> taken = new ArrayList<>();
    for (int from = 0; from < indices.length; from += atOnce) {
      int count = Math.min(atOnce, indices.length - from);
      Values rows = scaled(dataset, indices, from, count);
      float[][] probabilities = predictor.probabilities(rows);
      int[] classes = predictor.classes(rows);
      int[] labels = ((Values.Ints) dataset.read(indices, from, count).targets()).data();
      for (int i = 0; i < count; i++) {
        float[] row = PredictCommand.two(probabilities[i]);
        taken.add(
            new Taken(indices[from + i], labels[i], classes[i], row[classes[i]], row[labels[i]]));
      }
    }
    return taken;
  }

  private static List<Example> examples(Dataset dataset, List<Taken> taken) {
    if (taken.isEmpty()) {
      return List.of();
    }
    int[] indices = taken.stream().mapToInt(Taken::index).toArray();
    Values rows = dataset.read(indices, 0, indices.length).inputs();
    Function<Integer, String> picture = _ -> "";
    if (rows instanceof Values.Floats floats && dataset.input().shape().rank() == 3) {
      picture = new Pictures(floats)::base64;
    }
    List<Example> examples = new ArrayList<>();
    for (int i = 0; i < indices.length; i++) {
      Taken one = taken.get(i);
      String drawn = picture.apply(i);
      examples.add(
          new Example(
              one.index,
              drawn,
              drawn.isEmpty() ? some(rows, i) : List.of(),
              one.actual,
              one.predicted,
              one.probability,
              one.ofActual));
    }
    return examples;
  }

  private static List<Float> some(Values rows, int row) {
    if (!(rows instanceof Values.Floats(Shape shape, float[] data))) {
      return List.of();
    }
    int width = data.length / shape.length(0);
    return IntStream.range(0, Math.min(width, MOST_INPUTS))
        .mapToObj(i -> data[row * width + i])
        .toList();
  }

  // ---- numbers

  private List<List<Meeting>> meetings(Dataset dataset, int names) {
    int[] indices = evenly(dataset.size(), MET);
    Predictor predictor = new Predictor(learner);
    List<List<Meeting>> meetings = new ArrayList<>();
    int shown = Math.min(names, MOST_NUMBERS);
    for (int n = 0; n < shown; n++) {
      meetings.add(new ArrayList<>());
    }
    for (int from = 0; from < indices.length; from += atOnce) {
      int count = Math.min(atOnce, indices.length - from);
      float[][] rows = predictor.outputs(scaled(dataset, indices, from, count));
      Values.Floats predicted = new Values.Floats(Shape.of(count, names), new float[count * names]);
      for (int i = 0; i < count; i++) {
        System.arraycopy(rows[i], 0, predicted.data(), i * names, names);
      }
      targets.ifPresent(normalization -> normalization.invert(predicted));
      float[] actual = ((Values.Floats) dataset.read(indices, from, count).targets()).data();
      for (int i = 0; i < count; i++) {
        for (int n = 0; n < shown; n++) {
          meetings.get(n).add(new Meeting(actual[i * names + n], predicted.data()[i * names + n]));
        }
      }
    }
    return meetings;
  }

  // ---- texts

  private List<Word> passage(Dataset dataset, int vocabulary, Optional<Tokenizer> tokenizer) {
    int[] whole = ((Values.Ints) dataset.read(new int[] {0}, 0, 1).inputs()).data();
    int[] next = ((Values.Ints) dataset.read(new int[] {0}, 0, 1).targets()).data();
    int length = Math.min(whole.length, Math.clamp(MOST_PROBABILITIES / vocabulary, 16, PASSAGE));
    int[] tokens = Arrays.copyOf(whole, length);
    float[] probabilities =
        new Predictor(learner).probabilities(new Values.Ints(Shape.of(1, length), tokens))[0];
    int width = probabilities.length / length; // more than the vocabulary where a model pads it
    Speech speech = new Speech(tokenizer);
    List<Word> words = new ArrayList<>();
    words.add(new Word(speech.word(tokens[0]), Double.NaN));
    for (int i = 0; i < length; i++) {
      words.add(new Word(speech.word(next[i]), probabilities[i * width + next[i]]));
    }
    return words;
  }

  private String continuation(int[] text, Optional<Tokenizer> tokenizer, long seed) {
    if (!(learner.model() instanceof Sequential sequential
        && sequential.layers().size() == 1
        && sequential.layers().getFirst() instanceof LanguageModel model)) {
      return "";
    }
    int[] prompt = Arrays.copyOf(text, Math.min(text.length, Math.min(PROMPT, model.context())));
    StringBuilder written = new StringBuilder();
    Speech speech = new Speech(tokenizer);
    for (int token : prompt) {
      written.append(speech.word(token));
    }
    boolean training = model.training();
    long begin = System.nanoTime();
    try {
      new Generator(model, new Sampler(TEMPERATURE, 0, 1), new Random(seed))
          .generate(
              prompt,
              WRITTEN,
              token -> {
                written.append(speech.word(token));
                return System.nanoTime() - begin < WRITING_NANOS;
              });
    } finally {
      model.training(training);
    }
    return written.toString();
  }

  /** Tokens in words, or as numbers where nobody knows what they are. */
  private static final class Speech {
    private final Optional<Tokenizer> tokenizer;
    private final Optional<TokenText> text;

    private Speech(Optional<Tokenizer> tokenizer) {
      this.tokenizer = tokenizer;
      text = tokenizer.map(TokenText::new);
    }

    private String word(int token) {
      return text.map(
              known -> token < tokenizer.orElseThrow().size() ? known.next(token) : "\uFFFD")
          .orElseGet(() -> token + " ");
    }
  }
}
