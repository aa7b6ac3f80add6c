import pytest

from agents.domain.states import Role
from agents.domain.templates import PAIR, TEMPLATES, template_named


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda each: each.key)
def test_every_template_can_propose_and_reach_its_quorum(template):
    proposing = [each for each in template.characters if each.proposes]

    assert {each.role for each in template.characters} == set(template.roles)
    assert len(proposing) == 1
    assert template.quorum <= len(template.characters) - 1


def test_a_template_is_found_by_its_key():
    assert template_named("pair") is PAIR
    assert [each.role for each in PAIR.characters] == [Role.TECHNICAL, Role.RISK]
    with pytest.raises(KeyError):
        template_named("crowd")
