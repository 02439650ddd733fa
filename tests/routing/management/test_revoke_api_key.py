import pytest
from django.core.management import CommandError, call_command

from routing.models import ClientKey

pytestmark = pytest.mark.django_db


def test_a_revoked_key_is_off_and_kept_for_the_record():
    ClientKey.issue("acme")
    ClientKey.issue("globex")
    call_command("revoke_api_key", "acme")
    call_command("revoke_api_key", "acme")
    states = dict(ClientKey.objects.values_list("name", "enabled"))
    assert states == {"acme": False, "globex": True}


def test_a_wrong_name_lists_the_right_ones():
    ClientKey.issue("globex")
    with pytest.raises(CommandError, match="Keys: globex"):
        call_command("revoke_api_key", "acme")
