"""Ablation studies of image classifiers, from Hydra config groups to a table of paired differences.

Read in the order in which data flows:

1. `config/`: the schema of every option in `conf/`, and the checks before anything trains
2. `train.py`: the one training entrypoint, config -> parts -> fit -> record; `parts.py`: builds what a step is made
   of
3. `data/`, `model/`, `normalization.py`, `activation.py`, `augmentation/`, `optimizer.py`, `schedule.py`, `loss.py`,
   `logger/`: the parts, a function or class for each option
4. `engine.py`: the only training loop; `compiler.py`: keeps it from importing what it does not use; `evaluate.py`:
   from logits to figures; `seeding.py`: where randomness comes from; `initialisation.py`: where a network starts
5. `record.py`: what a run leaves behind; `provenance.py`: of which code, packages and hardware it is;
   `checkpoint.py`: the state of an unfinished one; `limits.py`: what a device cannot do, in words; `lock.py`: one
   process a run; `samples.py`: the first images it trained on
6. `study/`: which variants and runs a study has, their check, their launch, how far they are (`watch.py`: as they
   train); `curve.py`: a run's epochs, read while they are written; `progress.py`: what a person sees of what takes long
7. `diff.py`, `compare.py`, `reproduce.py`: two runs beside each other, a run trained again; `trained.py`: the network
   of a finished run; `test.py`: the test set, `uses.py`: how often it was used, `rubric.py`: which mark it gives;
   `predict.py`, `tta.py`, `predictions.py`: other images, how they are looked at, what is said of them; `export.py`,
   `exchange.py`: the network for other programs, in which formats
8. `verify.py`: whether a run's weights have the accuracy it states; `submit.py`, `submission/`: the archive to hand in
9. `look/`: what is in a data set, and what each augmentation makes of its images
10. `bounded.py`, `shape.py`, `trust.py`: what keeps files from somebody else harmless; `home.py`: names not told;
    `printable.py`: text made safe to print
11. `cli.py`: the verbs; the report is made by the package `analysis`, which reads run folders and never trains
"""
