from tradingfarm.people.domain.links import digest_of


def test_what_is_kept_of_a_link_is_a_hash_that_does_not_tell_it():
    # SHA-256 of "abc", as NIST prints it (FIPS 180-2, appendix B.1).
    kept = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    assert digest_of("abc") == kept
    assert digest_of("abd") != kept
