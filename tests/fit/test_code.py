from imports import layers, reached

from pipeline.fit import code


def test_the_code_that_identifies_a_run_is_what_it_imports():
    assert set(code.PARTS) == layers(reached("fit/run.py"))


def test_the_hash_of_the_code_follows_the_modules(monkeypatch):
    before = code.code()
    monkeypatch.setattr(code, "PARTS", code.PARTS[1:])
    assert code.code() != before
