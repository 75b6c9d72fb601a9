package dev.tandem.cli;

import dev.tandem.cli.config.LoadedConfig;
import dev.tandem.data.Tokenizer;
import dev.tandem.data.TokenizerFile;
import dev.tandem.io.FileException;
import dev.tandem.io.HuggingFace;
import dev.tandem.io.SafeTensors;
import dev.tandem.io.SafeTensorsFile;
import dev.tandem.nn.LanguageModel;
import dev.tandem.nn.Sequential;
import dev.tandem.tensor.Tensor;
import dev.tandem.train.RunFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** Weights that a run begins with, in place of drawn ones: Tandem's own, or a language model's as Hugging Face publishes them. */
record InitialWeights(Path file, Path folder) {

  /** Those that the config names; empty where weights are drawn. */
  static Optional<InitialWeights> of(LoadedConfig loaded) {
    return loaded
        .config()
        .model()
        .weights()
        .map(path ->
            Files.isDirectory(path)
                ? new InitialWeights(new RunFolder(path).model(), path)
                : new InitialWeights(path, path.toAbsolutePath().getParent()));
  }

  /** What the tokens are that the weights know, where tokens.json beside them tells. */
  Optional<Tokenizer> tokenizer() {
    return TokenizerFile.in(folder);
  }

  /**
   * Overwrites the model's weights, rounded to its element type.
   *
   * @throws dev.tandem.io.FileException naming the file and what does not fit, before any weight has changed
   */
  void load(Sequential model) {
    try (SafeTensorsFile opened = SafeTensors.open(file)) {
      boolean ours = opened.metadata().containsKey(ModelCard.KEY);
      if (!ours
          && model.layers().size() == 1
          && model.layers().getFirst() instanceof LanguageModel only) {
        if (only.paddedVocabulary() != only.vocabulary()) {
          throw new FileException(
              "weights: "
                  + file
                  + " has no rows for padding, got "
                  + only.vocabulary()
                  + " tokens where the model has "
                  + only.paddedVocabulary()
                  + " rows; write padded: false to the layer's settings");
        }
        HuggingFace.load(file, only);
      } else {
        Map<String, Tensor> weights = new LinkedHashMap<>(model.parameters());
        weights.putAll(model.buffers());
        opened.roundInto(weights);
      }
    }
  }
}
