//! Members where no mail is sent: invited, accepted, confirmed; changed, revoked, gone.

use serde_json::{Value, json};

use crate::caller::{Caller, shows, start, start_with};
use crate::people::{Person, begin, finish, register, registration, text};
use crate::society::{Society, access};

#[tokio::test]
async fn who_is_invited_registers_and_is_confirmed() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.treasury").await;
    society
        .invite_as(&["ana@acme.example"], json!({"collections": [access(&collection, true, false)]}))
        .await
        .done();
    let invited = society.member("ana@acme.example").await;
    shows(
        &invited,
        json!({
            "status": 0, "type": 2, "name": null, "accessAll": false, "hasMasterPassword": false,
            "twoFactorEnabled": false, "externalId": null, "groups": [], "collections": [],
        }),
    );
    let ana = Person::registered(&server, "ana@acme.example").await;
    let accepted = society.member("ana@acme.example").await;
    shows(
        &accepted,
        json!({
            "id": invited["id"], "userId": ana.id, "status": 1, "name": "Name of ana@acme.example",
            "hasMasterPassword": true,
        }),
    );
    assert_eq!(ana.sync().await["profile"]["organizations"], json!([]), "she has no key yet");

    let keys = society.owner.post(&society.path("/users/public-keys"), json!({"ids": [invited["id"]]})).await;
    let keys = keys.list();
    let object = "organizationUserPublicKeyResponseModel";
    let expected = json!({
        "id": invited["id"], "userId": ana.id, "key": "public key of ana@acme.example", "object": object,
    });
    assert_eq!(keys, [expected]);

    society.confirm("ana@acme.example").await.done();
    let confirmed = society.member("ana@acme.example").await;
    shows(&confirmed, json!({"status": 2, "collections": [access(&collection, true, false)]}));
    let own = &ana.sync().await["profile"]["organizations"][0];
    shows(own, json!({"id": society.id, "key": "4.key for ana@acme.example", "type": 2, "status": 2}));
}

#[tokio::test]
async fn who_has_an_account_has_accepted_at_once() {
    let server = start();
    let society = Society::new(&server).await;
    Person::new(&server, "ana@acme.example").await;
    society.invite(&["Ana@ACME.example"]).await.done();
    assert_eq!(society.member("ana@acme.example").await["status"], 1);
}

#[tokio::test]
async fn invitations_stop_at_the_first_address_that_is_refused() {
    let server = start();
    let society = Society::new(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let answer = society.invite(&["ben@acme.example", "ana@acme.example", "cid@acme.example"]).await;
    answer.refused(400, "User already in organization: ana@acme.example");
    let mut emails: Vec<String> =
        society.members().await.iter().map(|member| text(&member["email"])).collect();
    emails.sort();
    assert_eq!(emails, ["ana@acme.example", "ben@acme.example", "owner@acme.example"]);
}

#[tokio::test]
async fn an_invitation_needs_its_lists_and_knows_its_collections() {
    let server = start();
    let society = Society::new(&server).await;
    let invite = json!({"emails": ["ana@acme.example"], "type": 2, "collections": []});
    society.owner.post(&society.path("/users/invite"), invite).await.barred(422);
    let foreign = json!({"collections": [access("00000000-0000-0000-0000-000000000001", true, false)]});
    society.invite_as(&["ana@acme.example"], foreign).await.refused(400, "Invalid collection");
    society.invite_as(&["ana@acme.example"], json!({"type": 7})).await.refused(400, "Invalid type");
    assert_eq!(society.members().await.len(), 1);
}

#[tokio::test]
async fn nobody_unknown_is_invited_where_invitations_are_closed() {
    let server = start_with(&[("INVITATIONS_ALLOWED", "false")]);
    let society = Society::new(&server).await;
    let answer = society.invite(&["ana@acme.example"]).await;
    answer.refused(400, "User does not exist: ana@acme.example");
    Person::new(&server, "ben@acme.example").await;
    society.invite(&["ben@acme.example"]).await.done();
}

#[tokio::test]
async fn only_addresses_of_the_listed_domains_are_invited() {
    let server = start_with(&[("SIGNUPS_DOMAINS_WHITELIST", "acme.example")]);
    let society = Society::new(&server).await;
    let answer = society.invite(&["ana@other.example"]).await;
    answer.refused(400, "Email domain not eligible for invitations");
}

#[tokio::test]
async fn roles_are_numbers_or_names_and_a_manager_is_shown_as_custom() {
    let server = start();
    let society = Society::new(&server).await;
    let all = json!({"editAnyCollection": true, "deleteAnyCollection": true, "createNewCollections": true});
    for (email, role, permissions, shown, access_all) in [
        ("a@acme.example", json!("Owner"), json!({}), 0, true),
        ("b@acme.example", json!(1), json!({}), 1, true),
        ("c@acme.example", json!("2"), json!({}), 2, false),
        ("d@acme.example", json!(3), json!({}), 4, false),
        ("e@acme.example", json!(4), json!({}), 4, false),
        ("f@acme.example", json!(4), all, 4, true),
    ] {
        society.invite_as(&[email], json!({"type": role, "permissions": permissions})).await.done();
        shows(&society.member(email).await, json!({"type": shown, "accessAll": access_all}));
    }
}

#[tokio::test]
async fn a_kdf_that_is_refused_leaves_a_member_who_has_accepted_without_an_account() {
    let server = start();
    let society = Society::new(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let stranger = Caller::stranger(&server);
    let token = begin(&stranger, "ana@acme.example").await.ok();
    let mut body = registration("ana@acme.example", json!({"emailVerificationToken": token}));
    for part in ["masterPasswordAuthentication", "masterPasswordUnlock"] {
        body[part]["kdf"]["iterations"] = json!(1);
    }
    assert_eq!(finish(&stranger, body).await.status, 400);
    let spoiled = society.member("ana@acme.example").await;
    shows(&spoiled, json!({"status": 1, "hasMasterPassword": false}));
    let ids = json!({"ids": [spoiled["id"]]});
    let keys = society.owner.post(&society.path("/users/public-keys"), ids).await.list();
    assert_eq!(keys[0]["key"], Value::Null);
    assert_eq!(register(&stranger, "ana@acme.example").await.status, 400);

    let path = society.path(&format!("/users/{}", text(&spoiled["id"])));
    society.owner.delete(&path, json!({})).await.done();
    society.invite(&["ana@acme.example"]).await.done();
    Person::registered(&server, "ana@acme.example").await;
    assert_eq!(society.member("ana@acme.example").await["status"], 1);
}

#[tokio::test]
async fn confirming_many_always_succeeds_and_says_what_became_of_each() {
    let server = start();
    let society = Society::new(&server).await;
    Person::new(&server, "ana@acme.example").await;
    society.invite(&["ana@acme.example", "ben@acme.example"]).await.done();
    let (ana, ben) =
        (society.member_id("ana@acme.example").await, society.member_id("ben@acme.example").await);
    let keys = json!({"keys": [
        {"id": ana, "key": "4.a"}, {"id": ben, "key": "4.b"}, {"id": ana, "key": ""},
        {"id": "00000000-0000-0000-0000-000000000001", "key": "4.c"},
    ]});
    let answer = society.owner.post(&society.path("/users/confirm"), keys).await.list();
    let errors: Vec<&Value> = answer.iter().map(|one| &one["error"]).collect();
    assert_eq!(
        errors,
        [
            "",
            "User in invalid state",
            "Key or UserId is not set, unable to process request",
            "The specified user isn't a member of the organization",
        ]
    );
    assert_eq!(answer[0]["id"], ana);
    society.confirm("ana@acme.example").await.refused(400, "User in invalid state");
    assert_eq!(society.member("ana@acme.example").await["status"], 2);
}

#[tokio::test]
async fn an_invitation_is_renewed_while_it_waits() {
    let server = start();
    let society = Society::new(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let id = society.member_id("ana@acme.example").await;
    let path = society.path(&format!("/users/{id}/reinvite"));
    society.owner.post(&path, json!({})).await.done();
    let nobody = "00000000-0000-0000-0000-000000000001";
    let many = json!({"ids": [id, nobody]});
    let answer = society.owner.post(&society.path("/users/reinvite"), many).await.list();
    assert_eq!(answer[0]["error"], "");
    assert_eq!(answer[1]["error"], "The user hasn't been invited to the organization.");
    Person::registered(&server, "ana@acme.example").await;
    let answer = society.owner.post(&path, json!({})).await;
    answer.refused(400, "The user is already accepted or confirmed to the organization");
}

#[tokio::test]
async fn a_changed_member_has_what_was_sent_and_nothing_else() {
    let server = start();
    let society = Society::new(&server).await;
    let (one, other) = (society.collection("2.one").await, society.collection("2.other").await);
    society.join("ana@acme.example", json!({"collections": [access(&one, true, false)]})).await;
    let id = society.member_id("ana@acme.example").await;
    let path = society.path(&format!("/users/{id}"));
    let put = json!({"type": 2, "collections": [access(&other, true, true)], "groups": []});
    society.owner.put(&path, put).await.done();
    let member = society.owner.get(&format!("{path}?includeGroups=true")).await.ok();
    assert_eq!(member["collections"], json!([access(&other, true, true)]));
    society.owner.put(&path, json!({"type": 2})).await.done();
    assert_eq!(society.member("ana@acme.example").await["collections"], json!([]));
    society.owner.put(&path, json!({"type": 1, "collections": [access(&one, true, true)]})).await.done();
    shows(
        &society.member("ana@acme.example").await,
        json!({"type": 1, "accessAll": true, "collections": []}),
    );
}

#[tokio::test]
async fn only_owners_give_and_take_the_higher_roles() {
    let server = start();
    let society = Society::new(&server).await;
    let ana = society.join("ana@acme.example", json!({"type": 1})).await;
    Person::new(&server, "ben@acme.example").await;
    society.invite(&["ben@acme.example"]).await.done();
    let (ben, owner) =
        (society.member_id("ben@acme.example").await, society.member_id("owner@acme.example").await);
    let invite = json!({"emails": ["cid@acme.example"], "type": 1, "groups": []});
    let answer = ana.post(&society.path("/users/invite"), invite).await;
    answer.refused(400, "Only Owners can invite Managers, Admins or Owners");
    let answer = ana.put(&society.path(&format!("/users/{ben}")), json!({"type": 1})).await;
    answer.refused(400, "Only Owners can grant and remove Admin or Owner privileges");
    let answer = ana.put(&society.path(&format!("/users/{owner}")), json!({"type": 0})).await;
    answer.refused(400, "Only Owners can edit Owner users");
    let answer = ana.put(&society.path(&format!("/users/{owner}/revoke")), json!({})).await;
    answer.refused(400, "Only owners can revoke other owners");
    let answer = ana.delete(&society.path(&format!("/users/{owner}")), json!({})).await;
    answer.refused(400, "Only Owners can delete Admins or Owners");
    ana.post(&society.path(&format!("/users/{ben}/confirm")), json!({"key": "4.b"})).await.done();
}

#[tokio::test]
async fn the_last_owner_stays() {
    let server = start();
    let society = Society::new(&server).await;
    let path = society.path(&format!("/users/{}", society.member_id("owner@acme.example").await));
    society.owner.put(&path, json!({"type": 1})).await.refused(400, "Can't delete the last owner");
    society.owner.delete(&path, json!({})).await.refused(400, "Can't delete the last owner");
    let revoked = society.owner.put(&format!("{path}/revoke"), json!({})).await;
    revoked.refused(400, "You cannot revoke yourself");
    let ana = society.join("ana@acme.example", json!({"type": 0})).await;
    ana.put(&path, json!({"type": 1})).await.done();
    society.owner.get(&society.path("")).await.barred(401);
}

#[tokio::test]
async fn who_is_revoked_keeps_key_and_collections_and_sees_nothing() {
    let server = start();
    let society = Society::new(&server).await;
    let collection = society.collection("2.one").await;
    let ana =
        society.join("ana@acme.example", json!({"collections": [access(&collection, false, false)]})).await;
    society.item("2.bank", &[&collection]).await;
    assert_eq!(ana.sync().await["ciphers"].as_array().map(Vec::len), Some(1));
    let id = society.member_id("ana@acme.example").await;
    let path = society.path(&format!("/users/{id}"));
    society.owner.put(&format!("{path}/revoke"), json!({})).await.done();
    assert_eq!(society.member("ana@acme.example").await["status"], -1);
    let sync = ana.sync().await;
    assert_eq!(sync["profile"]["organizations"], json!([]));
    assert_eq!((&sync["ciphers"], &sync["collections"]), (&json!([]), &json!([])));
    let again = society.owner.put(&format!("{path}/revoke"), json!({})).await;
    again.refused(400, "User is already revoked");
    society.owner.put(&format!("{path}/restore"), json!({})).await.done();
    let sync = ana.sync().await;
    assert_eq!(sync["profile"]["organizations"][0]["key"], "4.key for ana@acme.example");
    assert_eq!(sync["ciphers"].as_array().map(Vec::len), Some(1));
    let again = society.owner.put(&format!("{path}/restore"), json!({})).await;
    again.refused(400, "User is already active");
}

#[tokio::test]
async fn many_are_revoked_restored_and_deleted_at_once() {
    let server = start();
    let society = Society::new(&server).await;
    society.join("ana@acme.example", json!({})).await;
    society.invite(&["ben@acme.example"]).await.done();
    let (ana, ben) =
        (society.member_id("ana@acme.example").await, society.member_id("ben@acme.example").await);
    let ids = json!({"ids": [ana, ben, "00000000-0000-0000-0000-000000000001"]});
    for (verb, unknown) in
        [("revoke", "User not found in organization"), ("restore", "User not found in organization")]
    {
        let path = society.path(&format!("/users/{verb}"));
        let answer = society.owner.put(&path, ids.clone()).await.list();
        let errors: Vec<&Value> = answer.iter().map(|one| &one["error"]).collect();
        assert_eq!(errors, ["", "", unknown], "{verb}");
    }
    let answer = society.owner.delete(&society.path("/users"), ids).await.list();
    let errors: Vec<&Value> = answer.iter().map(|one| &one["error"]).collect();
    assert_eq!(errors, ["", "", "User to delete isn't member of the organization"]);
    assert_eq!(society.members().await.len(), 1);
}

#[tokio::test]
async fn who_is_deleted_while_invited_cannot_register_any_more() {
    let server = start();
    let society = Society::new(&server).await;
    society.invite(&["ana@acme.example"]).await.done();
    let path = society.path(&format!("/users/{}", society.member_id("ana@acme.example").await));
    society.owner.delete(&path, json!({})).await.done();
    assert_eq!(register(&Caller::stranger(&server), "ana@acme.example").await.status, 400);
    let gone = society.owner.delete(&path, json!({})).await;
    gone.refused(400, "User to delete isn't member of the organization");
}
