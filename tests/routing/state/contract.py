"""What every store does, whatever keeps its entries."""

from __future__ import annotations

import threading

from routing.state.base import Store


class StoreContract:
    """Tests of a store; a subclass brings the fixture `store`, empty and connected."""

    def test_returns_what_was_put(self, store: Store):
        store.put({"one": b"1", "two": b"\x00\xff"}, ttl_s=60)
        assert store.get(["one", "two"]) == {"one": b"1", "two": b"\x00\xff"}

    def test_leaves_out_what_is_not_there(self, store: Store):
        store.put({"one": b"1"}, ttl_s=60)
        assert store.get(["one", "two"]) == {"one": b"1"}

    def test_writes_over_what_is_there(self, store: Store):
        store.put({"one": b"1"}, ttl_s=60)
        store.put({"one": b"2"}, ttl_s=60)
        assert store.get(["one"]) == {"one": b"2"}

    def test_counts_from_one(self, store: Store):
        counts = [store.count("failures", ttl_s=60) for _ in range(3)]
        assert counts == [1, 2, 3]
        assert store.get(["failures"]) == {"failures": b"3"}

    def test_loses_no_count_of_many_at_once(self, store: Store):
        def count():
            for _ in range(50):
                store.count("failures", ttl_s=60)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.count("failures", ttl_s=60) == 201

    def test_lets_one_claim_at_a_time(self, store: Store):
        assert store.claim("trial", b"mine", ttl_s=60)
        assert not store.claim("trial", b"yours", ttl_s=60)
        assert store.get(["trial"]) == {"trial": b"mine"}

    def test_forgets_what_is_deleted(self, store: Store):
        store.put({"one": b"1", "two": b"2", "three": b"3"}, ttl_s=60)
        store.delete("one", "three", "never-there")
        assert store.get(["one", "two", "three"]) == {"two": b"2"}

    def test_can_be_claimed_and_counted_anew_after_a_deletion(self, store: Store):
        store.claim("trial", ttl_s=60)
        store.count("failures", ttl_s=60)
        store.delete("trial", "failures")
        assert store.claim("trial", ttl_s=60)
        assert store.count("failures", ttl_s=60) == 1

    def test_finds_items_by_how_their_keys_begin(self, store: Store):
        store.put({"open:a": b"1", "open:é": b"2", "opened": b"3"}, ttl_s=60)
        store.put({"trial:a": b"4"}, ttl_s=60)
        assert store.items("open:") == {"open:a": b"1", "open:é": b"2"}
        assert store.items("closed:") == {}

    def test_serves_again_after_it_was_closed(self, store: Store):
        store.put({"one": b"1"}, ttl_s=60)
        store.close()
        assert store.get(["one"]) == {"one": b"1"}
